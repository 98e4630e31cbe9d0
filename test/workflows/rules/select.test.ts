import { choose, isEligible, objection, select, unmet } from '../../../workflows/rules/select';
import { candidateWith } from '../../support/candidates';

const requirement = { target: 0.5, tolerance: 1, closeness: 0.02, amongEquals: 'faster' } as const;

describe('step 5, select', () => {
  it.each([
    [0.52, 1, undefined],
    [0.3, -1, undefined],
    [0.521, 0, 'too far from C'],
    [0.5, 1.1, 'too much drop'],
    [0.6, 2, 'too far from C, too much drop'],
  ])('ratio %d with drop %d: %s', (achieved, drop, expected) => {
    const candidate = candidateWith({ achieved, drop });
    expect(objection(candidate, requirement)).toBe(expected);
    expect(isEligible(candidate, requirement)).toBe(expected === undefined);
  });

  it('takes the eligible model with the highest metric', () => {
    const candidates = [
      candidateWith({ id: 'far', achieved: 0.6, drop: -1 }),
      candidateWith({ id: 'good', drop: 0.2 }),
      candidateWith({ id: 'best', drop: 0.1 }),
    ];
    expect(select(candidates, requirement)?.id).toBe('best');
  });

  describe('of models with the same metric', () => {
    const tied = [
      candidateWith({ id: 'a', macs: 480, latencyMs: 3 }),
      candidateWith({ id: 'b', macs: 490, latencyMs: 2 }),
      candidateWith({ id: 'c', macs: 500, latencyMs: 1 }),
    ];

    it('takes the faster', () => expect(select(tied, requirement)?.id).toBe('c'));

    it('takes that with fewer MACs if no latency was measured', () => {
      const untimed = tied.map(({ latencyMs: _, ...model }) => model);
      expect(choose(untimed, requirement)).toMatchObject({ selected: { id: 'a' }, by: 'MACs' });
    });

    it('takes that with fewer MACs, then the faster, in runs that started by that rule', () => {
      const before = { ...requirement, amongEquals: 'fewer MACs' } as const;
      expect(select(tied, before)?.id).toBe('a');
      expect(select([...tied, { ...tied[0], id: 'd', latencyMs: 2 }], before)?.id).toBe('d');
    });
  });

  describe('of models whose metrics differ by less than the standard error of the best', () => {
    const model = (id: string, drop: number, latencyMs: number, noise = 0) =>
      candidateWith({ id, drop, latencyMs, standardError: 0.45, speed: { faster: 10 / latencyMs, noise } });

    it('takes the faster', () => {
      const models = [model('best', 0.1, 3), model('faster', 0.4, 2), model('fastest', 0.55, 1)];
      expect(choose(models, requirement)).toMatchObject({
        selected: { id: 'faster' },
        equal: [{ id: 'best' }, { id: 'faster' }],
        standardError: 0.45,
        by: 'latency',
      });
    });

    it('takes the better of those that are as fast within noise', () => {
      // 2.1 and 2 ms differ by 5 %; the noise of either is 10 %.
      const models = [model('slow', 0.1, 3), model('good', 0.2, 2.1, 0.48), model('fast', 0.3, 2, 0.5)];
      expect(choose(models, requirement)).toMatchObject({ selected: { id: 'good' }, by: 'latency' });
      expect(choose(models.slice(1), requirement)).toMatchObject({ selected: { id: 'good' }, by: 'metric' });
    });

    it('counts only the same metric as equal if the standard error is unknown', () => {
      const models = [model('best', 0.1, 3), model('faster', 0.1001, 2)];
      const unknown = models.map(({ standardError: _, ...one }) => one);
      expect(select(models, requirement)?.id).toBe('faster');
      expect(select(unknown, requirement)?.id).toBe('best');
    });
  });

  it('takes none if none is eligible, and says that the drop stopped it', () => {
    const candidates = [
      candidateWith({ id: 'a', achieved: 0.5, drop: 3 }),
      candidateWith({ id: 'b', achieved: 0.9, drop: 2 }),
    ];
    expect(select(candidates, requirement)).toBeUndefined();
    expect(unmet(candidates, requirement)).toEqual({
      best: 'a',
      stoppedBy: 'too much drop',
      reason: 'no model loses at most 1 point; the best found, a has a ratio of 0.500 and loses 3 points',
    });
  });

  it('or that the ratio did, where models keep within X', () => {
    const candidates = [
      candidateWith({ id: 'a', achieved: 0.7, drop: 0.5 }),
      candidateWith({ id: 'b', achieved: 0.6, drop: 0.9 }),
      candidateWith({ id: 'c', achieved: 0.5, drop: 5 }),
    ];
    expect(unmet(candidates, requirement)).toMatchObject({ best: 'b', stoppedBy: 'too far from the target' });
  });
});
