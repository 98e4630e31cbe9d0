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
  ...{ step: 0, vectors, losses: [], retries: [], evaluations: [] },
  good: { step: 0, vectors },
};
/** The state after epochs of five steps with these values. */
const after = (...values: number[]) =>
  values.reduce((state, value, epoch) => judged({ ...state, step: 5 * epoch }, epoch, value), begin);

describe('early stopping', () => {
  const schedule = { epochs: 5, stepsPerEpoch: 5 };
  const due = (step: number, everyEpochs?: number) =>
    epochToJudge({ ...begin, step }, schedule, { ...evaluating, everyEpochs });

  test('judges the given model, each epoch asked for, and the last', () => {
    const every = (epochs?: number) =>
      Array.from({ length: 26 }, (_, step) => due(step, epochs) ?? []).flat();
    expect(every()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(every(2)).toEqual([0, 2, 4, 5]);
  });

  test('judges no state twice', () => {
    expect(epochToJudge(after(50, 60), schedule, evaluating)).toBeUndefined();
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

  test.each([{ patience: 0 }, { everyEpochs: 1.5 }])('refuses %j', (wrong) => {
    expect(() => checkEvaluating({ ...evaluating, ...wrong })).toThrow(
      `fine-tuning setting ${Object.keys(wrong)[0]} is ${Object.values(wrong)[0]}`,
    );
  });
});
