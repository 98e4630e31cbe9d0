import { Dataset } from '../../../../engine/data/dataset';
import {
  checkEvaluating,
  epochToJudge,
  exhausted,
  judged,
} from '../../../../engine/training/loop/evaluation';
import type { TrainingState } from '../../../../engine/training/loop/state';

const evaluating = { data: Dataset.random({ shape: [1], samples: 1, seed: 0 }), metric: 'top1' } as const;
const vectors = { parameters: new Float32Array(1) };
const begin: TrainingState = {
  step: 0,
  vectors,
  losses: [],
  retries: [],
  evaluations: [],
  good: { step: 0, vectors },
};
/** The state after epochs of five steps with these values. */
const after = (...values: number[]) =>
  values.reduce((state, value, epoch) => judged({ ...state, step: 5 * epoch }, epoch, value), begin);

describe('early stopping', () => {
  test('judges the given model, and each epoch', () => {
    const judgedAt = Array.from({ length: 26 }, (_, step) => epochToJudge({ ...begin, step }, 5) ?? []);
    expect(judgedAt.flat()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('judges no state twice', () => {
    expect(epochToJudge(after(50, 60), 5)).toBeUndefined();
  });

  test('keeps the first of the best', () => {
    expect(after(50, 70, 60, 70).best).toMatchObject({ epoch: 1, step: 5, value: 70 });
    expect(after(50, 70, 60, 70).evaluations.map(({ value }) => value)).toEqual([50, 70, 60, 70]);
  });

  test('ends when patience is over', () => {
    expect(exhausted(begin, 1)).toBe(false);
    expect(exhausted(after(50, 70, 60), 2)).toBe(false);
    expect(exhausted(after(50, 70, 60, 70), 2)).toBe(true);
    expect(exhausted(after(50, 70, 60, 71), 2)).toBe(false);
    expect(exhausted(after(50, 40, 40, 40))).toBe(false);
  });

  test.each([0, 1.5])('refuses a patience of %d', (patience) => {
    expect(() => checkEvaluating({ ...evaluating, patience })).toThrow(
      `fine-tuning setting patience is ${patience}`,
    );
  });
});
