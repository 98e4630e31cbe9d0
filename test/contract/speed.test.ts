import { slowerNote, speedText, speedVerdict } from '../../contract/speed';

it.each([
  [{ faster: 1.94, noise: 0.11 }, 'faster', '1.9x faster (±0.1)'],
  [{ faster: 1.938, noise: 0.012 }, 'faster', '1.94x faster (±0.01)'],
  [{ faster: 1.04, noise: 0.01 }, 'faster', '1.04x faster (±0.01)'],
  [{ faster: 1.04, noise: 0.05 }, 'as fast', 'as fast as the original, within noise (1.04x ±0.05)'],
  [{ faster: 0.96, noise: 0.05 }, 'as fast', 'as fast as the original, within noise (0.96x ±0.05)'],
  [{ faster: 0.8, noise: 0.05 }, 'slower', '1.3x slower (±0.1)'],
] as const)('%j is %s: %s', (speed, verdict, text) => {
  expect(speedVerdict(speed)).toBe(verdict);
  expect(speedText(speed)).toBe(text);
});

it('models that came out slower are named, with what to do', () => {
  const model = (id: string, faster: number) => ({ id, speed: { faster, noise: 0.01 } });
  expect(slowerNote([model('a', 1.5), model('b', 0.995), { id: 'c' }], 'macs')).toBeUndefined();
  const all = ['a', 'b', 'c', 'd'].map((id) => model(id, 0.5));
  expect(slowerNote(all.slice(0, 1), 'macs')).toBe(
    'slower than the original: a is 2.00x slower (±0.04); `cost: latency` chooses by measured times instead; channel pruning alone may help too, since it leaves one layer where SVD makes two',
  );
  expect(slowerNote(all, 'latency')).toMatch(
    /c is 2\.00x slower \(±0\.04\), and 1 more; channel pruning alone/,
  );
});
