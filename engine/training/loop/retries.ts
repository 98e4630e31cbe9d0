import { EngineError } from '../../errors';
import type { Retry, Snapshot, TrainingState } from './state';

const retriesAllowed = 2;
const factor = 10;

/** Returns the setting `learningRate` after a number of retries. */
export const learningRateAfter = (learningRate: number, retries: number): number =>
  Number((learningRate / factor ** retries).toPrecision(12));

/**
 * Returns the state from which diverged training continues: the last good one, with a tenth of the learning rate. If it
 * was gone back to before, and no good one came since, it was not as good as it looked: then training starts over.
 * @param why as returned by `divergence`
 * @throws EngineError `Diverged` if it would be one retry too many
 */
export function retried(
  state: TrainingState,
  why: string,
  { learningRate, beginning }: { readonly learningRate: number; readonly beginning: Snapshot },
): TrainingState {
  const { retries, good, losses, evaluations, step } = state;
  const from = learningRateAfter(learningRate, retries.length);
  if (retries.length === retriesAllowed) {
    const tries = [...retries, { step, from, why }];
    const told = tries.map((one) => `at step ${one.step} with ${one.from} (${one.why})`);
    throw new EngineError(
      'Diverged',
      `the loss diverged at each of ${tries.length} learning rates: ${told.join(', ')}; set a learning rate below ` +
        `${from}, and check that the images are normalized as the model expects`,
    );
  }
  const back = retries.at(-1)?.backTo === good.step ? beginning : good;
  const to = learningRateAfter(learningRate, retries.length + 1);
  return {
    ...state,
    ...back,
    good: back,
    losses: losses.slice(0, back.step),
    evaluations: evaluations.filter((evaluation) => evaluation.step <= back.step),
    retries: [...retries, { step, backTo: back.step, from, to, why }],
  };
}

/** Describes a retry in a sentence. */
export const describeRetry = ({ step, backTo, from, to, why }: Retry): string =>
  `fine-tuning diverged at step ${step} (${why}): it restarted from ` +
  `${backTo ? `step ${backTo}` : 'the beginning'}, with learning rate ${to} instead of ${from}`;
