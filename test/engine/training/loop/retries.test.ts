import { describeRetry, learningRateAfter, retried } from '../../../../engine/training/loop/retries';
import type { Retry, Snapshot, TrainingState } from '../../../../engine/training/loop/state';

const at = (step: number): Snapshot => ({ step, vectors: { parameters: Float32Array.of(step) } });
const options = { learningRate: 0.1, beginning: at(0) };
const state = (changes: Partial<TrainingState>): TrainingState => ({
  ...at(30),
  losses: Array.from({ length: 30 }, (_, step) => step),
  good: at(20),
  retries: [],
  evaluations: [0, 10, 20, 30].map((step) => ({ step, epoch: step / 10, value: step })),
  ...changes,
});

describe('retried', () => {
  test('goes back to the last good state with a tenth of the rate, and tells', () => {
    const back = retried(state({}), 'it rose', options);
    expect(back).toMatchObject({ ...at(20), good: at(20) });
    expect(back.losses).toHaveLength(20);
    expect(back.evaluations.map(({ step }) => step)).toEqual([0, 10, 20]);
    expect(back.retries).toEqual([{ step: 30, backTo: 20, from: 0.1, to: 0.01, why: 'it rose' }]);
    expect(describeRetry(back.retries[0])).toBe(
      'fine-tuning diverged at step 30 (it rose): it restarted from step 20, with learning rate 0.01 instead of 0.1',
    );
  });

  const once: Retry = { step: 30, backTo: 20, from: 0.1, to: 0.01, why: 'it rose' };

  test('goes back to the beginning where the same good state failed before', () => {
    const back = retried(state({ retries: [once] }), 'again', options);
    expect(back).toMatchObject({ ...at(0), good: at(0), losses: [] });
    expect(back.retries[1]).toEqual({ step: 30, backTo: 0, from: 0.01, to: 0.001, why: 'again' });
    expect(describeRetry(back.retries[1])).toMatch(/from the beginning/);
  });

  test('goes back to a good state that came since', () => {
    expect(retried(state({ retries: [once], good: at(25) }), 'again', options).step).toBe(25);
  });

  test('keeps the best state', () => {
    const best = { ...at(25), epoch: 2, value: 90 };
    expect(retried(state({ best }), 'it rose', options).best).toBe(best);
  });

  test('gives up after two', () => {
    expect(() =>
      retried(state({ retries: [once, { ...once, from: 0.01, why: 'again' }] }), 'NaN', options),
    ).toThrow(
      'the loss diverged at each of 3 learning rates: at step 30 with 0.1 (it rose), at step 30 with 0.01 (again), ' +
        'at step 30 with 0.001 (NaN); set a learning rate below 0.001',
    );
  });
});

test('rates are round numbers', () => {
  expect(learningRateAfter(0.003, 1)).toBe(0.0003);
  expect(learningRateAfter(0.07, 2)).toBe(0.0007);
});
