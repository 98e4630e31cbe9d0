import type { Errors, Evaluation, FineTuneSettings, FineTuning } from '../jobs/types';
import type { Curve } from '../training/loop/learning-curve';

/** Result of an epoch. */
export interface TrainedEpoch {
  readonly epoch: number;
  /** Mean over its samples. */
  readonly loss: number;
  /** That of its last step. */
  readonly learningRate: number;
  /** The metric on the evaluation split, if `settings` had the epoch judged (keepBest, earlyStopping). */
  readonly metric?: number;
}

/** Result, in the shape of `slimflow train --json`. */
export interface TrainReport {
  readonly settings: FineTuneSettings;
  readonly fromScratch: boolean;
  /** Name of the metric. */
  readonly metric: string;
  readonly params: number;
  readonly steps: number;
  /** Step at which this call started: 0, or that of a checkpoint. */
  readonly resumedAt: number;
  readonly epochs: readonly TrainedEpoch[];
  /** The metric on the evaluation split; `before` is null for a model trained from scratch. */
  readonly evaluation: { readonly before: number | null; readonly after: number } | null;
  /** The metric on the test split. */
  readonly test: number | null;
  /** For metrics that compare numbers: the distance of the model's outputs from the labels, in their unit, by split. */
  readonly errors?: { readonly before?: Errors; readonly after?: Errors; readonly test?: Errors };
  /** The epoch that was kept and its metric, if epochs were judged. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
  /** Returns to an earlier state with a lower learning rate. */
  readonly retries: FineTuning['retries'];
  /** Sentences about what differed from the request. */
  readonly warnings: readonly string[];
  /** Loss and learning rate of each step. */
  readonly curve: Curve;
}

/** Results of a training and its evaluations. */
interface Trained extends Pick<TrainReport, 'settings' | 'fromScratch' | 'metric' | 'params'> {
  readonly tuning: FineTuning;
  /** On the evaluation split, as the model came and as it was trained. */
  readonly before?: Evaluation;
  readonly after?: Evaluation;
  readonly test?: Evaluation;
}

/** The report of a training whose curve was kept. */
export function trainReport({ tuning, before, after, test, ...asked }: Trained): TrainReport {
  const errors = errorsOf({ before, after, test });
  const { steps, resumedAt, best = null, retries, notes, curve } = tuning;
  return {
    ...asked,
    steps,
    resumedAt,
    best,
    retries,
    epochs: epochsOf(tuning),
    evaluation: after ? { before: before?.value ?? null, after: after.value } : null,
    test: test?.value ?? null,
    ...(errors && { errors }),
    warnings: notes,
    curve: curve!,
  };
}

/** Returns the errors of evaluations that have some; undefined if none has. */
function errorsOf(evaluations: Readonly<Record<string, Evaluation | undefined>>): TrainReport['errors'] {
  const found = Object.entries(evaluations).flatMap(([when, one]) =>
    one?.errors ? [[when, one.errors]] : [],
  );
  return found.length ? (Object.fromEntries(found) as TrainReport['errors']) : undefined;
}

function epochsOf({ losses, curve, evaluations }: FineTuning): TrainedEpoch[] {
  const steps = curve!.losses.length / losses.length;
  return losses.map((loss, at) => {
    const epoch = at + 1;
    const metric = evaluations?.find((one) => one.epoch === epoch)?.value;
    const learningRate = curve!.learningRates[epoch * steps - 1];
    return { epoch, loss, learningRate, ...(metric !== undefined && { metric }) };
  });
}
