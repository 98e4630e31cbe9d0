import { Checkpoints } from '../../../../engine/training/loop/checkpoint';
import { TrainingRun } from '../../../../engine/training/loop/training-run';
import type { TrainingState } from '../../../../engine/training/loop/state';
import { Watch } from '../../../../engine/training/loop/monitor';
import type { TrainingSettings } from '../../../../engine/training/settings';
import { inFolder } from '../../../support/folder';
import { smallSettings } from '../small';

const settings: TrainingSettings = {
  ...smallSettings,
  epochs: 10,
  batch: 5,
  learningRate: 1,
  schedule: 'constant',
};
const begin: TrainingState = {
  step: 0,
  vectors: { parameters: Float32Array.of(0) },
  losses: [],
  retries: [],
  evaluations: [],
  good: { step: 0, vectors: { parameters: Float32Array.of(0) } },
};

/**
 * Eighty steps in calls of a given length, whose vector counts the steps and whose loss falls, but breaks once at a
 * step while the rate is the first.
 */
async function run(stepsPerCall: number, breaksAt: number) {
  const lengths: number[] = [];
  const ended = await inFolder((folder) =>
    new TrainingRun({
      settings,
      samples: 40,
      image: [1],
      scale: {},
      beginning: begin,
      callMs: Infinity,
      batches: {
        batch: async () => ({ images: new Float32Array(5), labels: new Int32Array(5), size: 5 }),
        close: async () => undefined,
      },
      computer: {
        stepsPerCall,
        microBatch: undefined,
        steps: async ({ parameters: [done] }, { first, rates }) => {
          expect(done).toBe(first);
          lengths.push(rates.length);
          const losses = rates.map(({ learningRate }, at) =>
            first + at === breaksAt && learningRate === 1 ? NaN : 1 / (1 + first + at),
          );
          return { losses, vectors: { parameters: Float32Array.of(done + rates.length) } };
        },
      },
      watch: new Watch(
        { report: () => undefined, checkStop: () => undefined },
        new Checkpoints(folder, [{ name: 'parameters', size: 1 }], ''),
        3600,
        80,
      ),
    }).finish({ ...begin, losses: [] }),
  );
  return { ended, lengths };
}

describe('calls of several steps', () => {
  test.each([0, 3, 5, 6, 7, 79])(
    'that break at step %i go back as if steps had come one by one',
    async (at) => {
      const [one, many] = [await run(1, at), await run(4, at)];
      expect(one.ended.retries).toMatchObject([{ step: at + 1, backTo: at - (at % 4), from: 1, to: 0.1 }]);
      expect(many.ended).toEqual(one.ended);
      expect(one.ended).toMatchObject({ step: 80, vectors: { parameters: Float32Array.of(80) } });
      expect(Math.max(...many.lengths)).toBe(4);
    },
  );
});
