import {
  isEligible,
  objection,
  select,
  selectRule,
  selectVerdicts,
  unmet,
} from '../../../workflows/rules/select';
import { candidateWith } from '../../support/candidates';

const requirement = { target: 0.5, tolerance: 1, closeness: 0.02 };

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

  it('breaks ties by fewer MACs, then by lower latency', () => {
    const tied = [
      candidateWith({ id: 'a', macs: 500, latencyMs: 1 }),
      candidateWith({ id: 'b', macs: 490, latencyMs: 2 }),
      candidateWith({ id: 'c', macs: 490, latencyMs: 1 }),
    ];
    expect(select(tied, requirement)?.id).toBe('c');
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
      reason: 'no model loses at most 1 points; the best found, a has a ratio of 0.500 and loses 3.00 points',
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

describe('why a model was selected', () => {
  const models = [
    candidateWith({ id: 'far', achieved: 0.6, drop: 2 }),
    candidateWith({ id: 'good', drop: 0.2, metricAfter: 97.8 }),
    candidateWith({ id: 'best', drop: 0.199, metricAfter: 97.801 }),
    candidateWith({ id: 'big', drop: 0.199, metricAfter: 97.801, macs: 501 }),
    candidateWith({ id: 'slow', drop: 0.199, metricAfter: 97.801, latencyMs: 9 }),
  ];
  const fast = models.map((model) => (model.id === 'best' ? { ...model, latencyMs: 1 } : model));
  const whyOf = (selected?: string) =>
    Object.fromEntries(
      selectVerdicts(
        fast,
        fast.find(({ id }) => id === selected),
        requirement,
      ).map(({ id, why }) => [id, why]),
    );

  it('is its metric; of the others, what they lack', () => {
    expect(select(fast, requirement)?.id).toBe('best');
    expect(whyOf('best')).toEqual({
      far: 'ratio 0.600, drop 2 points: its ratio is above 0.520, and it loses more than 1 point',
      good: 'ratio 0.500, drop 0.2 points: eligible, but its metric, 97.800, is below the 97.801 of best',
      best: 'ratio 0.500, drop 0.2 points: the best metric, 97.80, of 4 eligible candidates',
      big: 'ratio 0.500, drop 0.2 points: eligible, but at the same metric it has more MACs than best',
      slow: 'ratio 0.500, drop 0.2 points: eligible, but at the same metric and MACs it is not faster than best',
    });
  });

  it('is a person where the rule would have selected another', () => {
    const why = whyOf('far');
    expect(why.far).toMatch(/it loses more than 1 point, and a person chose it$/);
    expect(why.best).toMatch(/eligible, but a person chose otherwise$/);
  });

  it('is told by a rule in a sentence', () =>
    expect(selectRule(requirement)).toMatch(/^Eligible is a candidate with a ratio of at most 0\.520 /));
});
