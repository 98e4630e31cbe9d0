import type { Dataset } from '../../data/dataset';
import type { MetricName } from '../../data/metric';
import { EngineError } from '../../errors';
import type { TrainingState } from './state';

/** How the model is judged while it trains: as it was given, and after each epoch. The best state is what training ends with. */
export interface Evaluating {
  readonly data: Dataset;
  readonly metric: MetricName;
  /** Epochs without a better value after which training stops; it goes on to its end where undefined. */
  readonly patience?: number;
}

/** @throws EngineError `InvalidSettings`. */
export function checkEvaluating({ patience = 1 }: Evaluating): void {
  if (Number.isInteger(patience) && patience >= 1) return;
  throw new EngineError(
    'InvalidSettings',
    `fine-tuning setting patience is ${patience}; it must be a whole number from 1`,
  );
}

/** The epoch that ended with the last step, where the model is to be judged now; undefined elsewhere. */
export function epochToJudge(
  { step, evaluations }: Pick<TrainingState, 'step' | 'evaluations'>,
  stepsPerEpoch: number,
): number | undefined {
  const epoch = step / stepsPerEpoch;
  return Number.isInteger(epoch) && evaluations.at(-1)?.step !== step ? epoch : undefined;
}

/** The state with a value of the metric added; of equal values the first stays the best. */
export function judged(state: TrainingState, epoch: number, value: number): TrainingState {
  const { step, vectors, evaluations, best } = state;
  return {
    ...state,
    evaluations: [...evaluations, { step, epoch, value }],
    best: best && best.value >= value ? best : { step, vectors, epoch, value },
  };
}

/** Whether so many epochs have brought nothing better that training stops. */
export function exhausted({ evaluations, best }: TrainingState, patience = Infinity): boolean {
  const last = evaluations.at(-1);
  return last !== undefined && best !== undefined && last.epoch - best.epoch >= patience;
}
