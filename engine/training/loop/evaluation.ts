import type { Dataset } from '../../data/dataset';
import type { MetricName } from '../../data/metric';
import { EngineError } from '../../errors';
import type { TrainingState } from './state';

/** How the model is judged while it trains. The best state is what training ends with. */
export interface Evaluating {
  readonly data: Dataset;
  readonly metric: MetricName;
  /** Epochs between two evaluations; 1 by default. The last epoch is always judged, and the model as it was given. */
  readonly everyEpochs?: number;
  /** Epochs without a better value after which training stops; it goes on to its end where undefined. */
  readonly patience?: number;
}

/** @throws EngineError `InvalidSettings`. */
export function checkEvaluating({ everyEpochs = 1, patience = 1 }: Evaluating): void {
  for (const [name, value] of Object.entries({ everyEpochs, patience })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new EngineError(
      'InvalidSettings',
      `fine-tuning setting ${name} is ${value}; it must be a whole number from 1`,
    );
  }
}

/** The epoch that ended with the last step, where the model is to be judged now; undefined elsewhere. */
export function epochToJudge(
  { step, evaluations }: TrainingState,
  { epochs, stepsPerEpoch }: { readonly epochs: number; readonly stepsPerEpoch: number },
  { everyEpochs = 1 }: Evaluating,
): number | undefined {
  const epoch = step / stepsPerEpoch;
  const due = Number.isInteger(epoch) && (epoch % everyEpochs === 0 || epoch === epochs);
  return due && evaluations.at(-1)?.step !== step ? epoch : undefined;
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
