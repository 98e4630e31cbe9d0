import type { TrainingRecord } from '../../../client/run-record';
import type { RunSources } from '../../../client/run-sources';
import { ratesAt } from '../../../engine/training/optimizers/schedule';

/** Course of a candidate's fine-tuning. */
export interface TrainingRow {
  readonly candidate: string;
  readonly selected: boolean;
  readonly steps: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** The learning rate over epochs, as its schedule and the returns to earlier states set it. */
  readonly rates: readonly { readonly epoch: number; readonly rate: number }[];
  /** Mean loss by epoch, counted from 1; of stretches of steps while it goes on. */
  readonly losses: readonly { readonly epoch: number; readonly loss: number }[];
  /** The metric by epoch, if the model was judged during training. */
  readonly evaluations: readonly { readonly epoch: number; readonly value: number }[];
  /** Returns to an earlier state: when, in epochs, and why. */
  readonly rollbacks: readonly { readonly epoch: number; readonly why: string }[];
  readonly metricBefore?: number;
  readonly metricAfter?: number;
}

/** The fine-tuning of all candidates. */
export interface Training {
  readonly rows: readonly TrainingRow[];
}

/** Collects how training went, in the order of the result's candidates; undefined if nothing was trained. */
export function trainingOf({ result, record }: RunSources): Training | undefined {
  if (!record?.trainings.length) return undefined;
  const place = (id: string) => {
    const at = result.candidates.findIndex((candidate) => candidate.id === id);
    return at < 0 ? Infinity : at;
  };
  const rows = record.trainings
    .toSorted((one, other) => place(one.candidate) - place(other.candidate) || 0)
    .map(({ candidate, settings, outcome, epochsDone }): TrainingRow => {
      const { losses, evaluations = [], retries, steps } = outcome;
      const made = result.candidates.find(({ id }) => id === candidate);
      const trained = Math.max(settings.epochs, 1);
      // A long list of losses was thinned evenly: its places are epochs again here.
      const epochAt = (at: number) =>
        epochsDone !== undefined
          ? Number(((epochsDone * (at + 1)) / losses.length).toFixed(2))
          : losses.length < 2
            ? 1
            : Math.round(1 + (at * (Math.max(losses.length, trained) - 1)) / (losses.length - 1));
      return {
        candidate,
        selected: candidate === result.selected,
        steps,
        epochs: settings.epochs,
        learningRate: settings.learningRate,
        rates: ratesOf(settings, { steps, retries, epochs: trained, epochsDone }),
        losses: losses.map((loss, at) => ({ epoch: epochAt(at), loss })),
        evaluations,
        rollbacks: retries.map(({ step, why, from, to }) => ({
          epoch: (step / Math.max(steps, 1)) * trained,
          why: `${why}; learning rate ${from} → ${to}`,
        })),
        metricBefore: made?.metricBefore,
        metricAfter: made?.metricAfter,
      };
    });
  return { rows };
}

/** Most points of a learning rate's curve. */
const ratePoints = 60;

/**
 * Samples the learning rates of the steps that are part of the result: a return to an earlier state begins there. Of a
 * training that has not ended, `steps` are those done, while its schedule goes over all.
 */
function ratesOf(
  {
    schedule = 'constant',
    momentum = 0,
    ...settings
  }: Partial<TrainingRecord['settings']> & { learningRate: number },
  {
    steps,
    retries,
    epochs,
    epochsDone = epochs,
  }: Pick<TrainingRecord['outcome'], 'steps' | 'retries'> & { epochs: number; epochsDone?: number },
): TrainingRow['rates'] {
  const total = epochsDone > 0 ? Math.max(steps, Math.round((steps * epochs) / epochsDone)) : steps;
  const count = Math.min(ratePoints, steps);
  return Array.from({ length: count }, (_, at) => {
    const step = count < 2 ? 0 : Math.round((at * (steps - 1)) / (count - 1));
    const learningRate = retries.findLast(({ backTo }) => backTo <= step)?.to ?? settings.learningRate;
    return {
      epoch: Number((((step + 1) / total) * epochs).toFixed(2)),
      rate: ratesAt(step, total, { ...settings, schedule, momentum, learningRate }).learningRate,
    };
  });
}
