import { choose } from '../../../workflows/rules/select';
import { selectRule, selectVerdicts } from '../../../workflows/rules/select-verdicts';
import type { Candidate } from '../../../contract/run';
import { candidateWith } from '../../support/candidates';

const requirement = { target: 0.5, tolerance: 1, closeness: 0.02, amongEquals: 'faster' } as const;
const before = { ...requirement, amongEquals: 'fewer MACs' } as const;

/** Reasons by id. @param selected by the rule if it is left out */
const whyOf = (
  models: readonly Candidate[],
  selected?: string,
  by: typeof before | typeof requirement = requirement,
) => {
  const chosen = selected ?? choose(models, by)?.selected.id;
  const verdicts = selectVerdicts(
    models,
    models.find(({ id }) => id === chosen),
    by,
  );
  return Object.fromEntries(verdicts.map(({ id, why }) => [id, why]));
};

describe('why a model was selected', () => {
  const far = candidateWith({ id: 'far', achieved: 0.6, drop: 2 });
  const models = [
    far,
    candidateWith({ id: 'good', drop: 0.2, metricAfter: 97.8, latencyMs: 1 }),
    candidateWith({ id: 'best', drop: -0.001, metricAfter: 98.001, latencyMs: 1 }),
    candidateWith({ id: 'slow', drop: -0.001, metricAfter: 98.001, latencyMs: 9 }),
    candidateWith({ id: 'big', drop: -0.001, metricAfter: 98.001, macs: 501, latencyMs: 1 }),
  ];

  it('is its metric; of the others, what they lack', () => {
    expect(whyOf(models)).toEqual({
      far: 'ratio 0.600, loses 2 points: its ratio is above 0.520, and it loses more than 1 point',
      good: 'ratio 0.500, loses 0.2 points: eligible, but its metric, 97.80, is below the 98.00 of best',
      best: 'ratio 0.500, gains 0.001 points: the fastest, 1.00 ms, of 3 candidates whose metrics count as equal',
      slow: 'ratio 0.500, gains 0.001 points: eligible, but at the same metric it is slower than best: 9.00 ms against 1.00 ms',
      big: 'ratio 0.500, gains 0.001 points: eligible, but at the same metric and speed it has no fewer MACs than best',
    });
    expect(whyOf(models.slice(0, 3)).best).toMatch(/: the best metric, 98\.00, of 2 eligible candidates$/);
  });

  it('is its speed, with the figures, if its metric is within the standard error of the best', () => {
    const measured = (id: string, drop: number, latencyMs: number) =>
      candidateWith({
        id,
        drop,
        latencyMs,
        standardError: 0.45,
        speed: { faster: 4 / latencyMs, noise: 0.1 },
      });
    const near = [
      measured('best', 0.1, 2),
      measured('fast', 0.3, 1),
      measured('fair', 0.4, 1.01),
      measured('low', 0.9, 1),
    ];
    expect(whyOf(near)).toEqual({
      best: 'ratio 0.500, loses 0.1 points: eligible, but at an equal metric (97.90 and 97.70, standard error 0.45 points) it is slower than fast: 2.00 ms against 1.00 ms',
      fast: 'ratio 0.500, loses 0.3 points: the fastest, 1.00 ms, of 3 candidates whose metrics count as equal: its 97.70 is less than the standard error, 0.45 points, below the best, 97.90',
      fair: 'ratio 0.500, loses 0.4 points: eligible, but it is as fast as fast, within noise, and its metric is lower',
      low: 'ratio 0.500, loses 0.9 points: eligible, but its metric, 97.10, is below the 97.90 of best by the standard error, 0.45 points, or more',
    });
    expect(whyOf(near.slice(1)).fast).toMatch(
      /the best metric, 97\.70, of 3 eligible candidates, and none of equal metric is faster than its 1\.00 ms$/,
    );
  });

  it('is its MACs if no latency was measured, or in runs that started by that rule', () => {
    const why =
      'ratio 0.500, gains 0.001 points: eligible, but at the same metric it has more MACs than best';
    expect(whyOf(models.map(({ latencyMs: _, ...model }) => model)).big).toBe(why);
    expect(whyOf(models, undefined, before)).toMatchObject({
      best: expect.stringMatching(
        /: the fewest MACs of 3 candidates whose metrics count as equal$/,
      ) as string,
      slow: expect.stringMatching(
        /: eligible, but at the same metric and the same MACs it is not faster than best$/,
      ) as string,
      big: why,
    });
  });

  it('is a person where the rule would have selected another', () => {
    const why = whyOf(models, 'far');
    expect(why.far).toMatch(/it loses more than 1 point, and a person chose it$/);
    expect(why.best).toMatch(/eligible, but a person chose otherwise$/);
  });

  it('is told by a rule in a sentence', () => {
    expect(selectRule(requirement)).toMatch(
      /^Eligible is a candidate with a ratio of at most 0\.520 .* the faster is selected\.$/,
    );
    expect(selectRule(before)).toMatch(/of equal ones that with fewer MACs, then the faster\.$/);
  });
});
