import { inLanes } from '../../../store/remote/in-lanes';

it('keeps the order of the items, however long each takes', async () => {
  const waits = [3, 0, 2, 1];
  const turns = async (wait: number) => {
    for (let at = 0; at < wait; at++) await Promise.resolve();
    return wait;
  };
  expect(await inLanes(waits, 2, turns)).toEqual(waits);
  expect(await inLanes([], 4, turns)).toEqual([]);
});

it('begins nothing after a failure, and ends what is under way before it is thrown', async () => {
  const [begun, ended]: number[][] = [[], []];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const done = inLanes([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 0) {
      setImmediate(release);
      throw new Error('no');
    }
    await released;
    ended.push(item);
  });
  await expect(done).rejects.toThrow('no');
  expect([begun, ended]).toEqual([[0, 1], [1]]);
});
