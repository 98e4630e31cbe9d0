import type { Dataset } from '../../data/dataset';
import { EngineError } from '../../errors';
import type { MetricChoice } from '../../names';
import type { TrainingState } from './state';

/** Evaluation of the model during training: before it, and after each epoch. The best state is the result. */
export interface Evaluating {
  readonly data: Dataset;
  readonly metric: MetricChoice;
  /** Epochs without a better value after which training stops; if undefined it runs to its end. */
  readonly patience?: number;
}

/** @throws EngineError `InvalidSettings` if patience is not a whole number from 1 */
export function checkEvaluating({ patience = 1 }: Evaluating): void {
  if (Number.isInteger(patience) && patience >= 1) return;
  throw new EngineError(
    'InvalidSettings',
    `fine-tuning setting patience is ${patience}; it must be a whole number from 1`,
  );
}

/** Returns the epoch that ended with the last step, if the model must be judged now; else undefined. */
export function epochToJudge(
  { step, evaluations }: Pick<TrainingState, 'step' | 'evaluations'>,
  stepsPerEpoch: number,
): number | undefined {
  const epoch = step / stepsPerEpoch;
  return Number.isInteger(epoch) && evaluations.at(-1)?.step !== step ? epoch : undefined;
}

/** Adds a value of the metric to a state; of equal values the first stays the best. */
export function judged(state: TrainingState, epoch: number, value: number): TrainingState {
  const { step, vectors, evaluations, best } = state;
  return {
    ...state,
    evaluations: [...evaluations, { step, epoch, value }],
    best: best && best.value >= value ? best : { step, vectors, epoch, value },
  };
}

/** Tells if enough epochs have brought no improvement for training to stop. */
export function exhausted({ evaluations, best }: TrainingState, patience = Infinity): boolean {
  const last = evaluations.at(-1);
  return last !== undefined && best !== undefined && last.epoch - best.epoch >= patience;
}
