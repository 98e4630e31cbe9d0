import { stepsPerEpoch } from './batches/batches';
import { describeRetry } from './loop/retries';
import { lossScaling } from './optimizers/loss-scaling';
import type { TrainingSettings } from './settings';
import type { TrainingState } from './loop/state';

/** Note for a request of float16 on a CPU. */
export const mixedOnCpu =
  'fine-tuning setting precision is mixed, which on the CPU is slower than float32 and rounds less than on a GPU';

/** Standard deviation of labels above which squared errors make steps too large at the default rates. */
const largeDeviation = 10;

/** Note for labels in a large unit. */
export function largeLabels(spread = 0, file: string): string[] {
  const deviation = Math.sqrt(spread);
  if (deviation <= largeDeviation) return [];
  return [
    `the labels of ${file} have a standard deviation of ${Number(deviation.toPrecision(3))}, and gradients of squared errors grow with it: save them in a unit in which it is about 1, or lower learningRate`,
  ];
}

/** Lists sentences about what differed from the request in a training. */
export function notesOf(
  { retries, microBatch, step, best, vectors }: TrainingState,
  settings: TrainingSettings,
  samples: number,
): string[] {
  const { batch, epochs } = settings;
  const notes = retries.map(describeRetry);
  if (batch > samples)
    notes.push(`fine-tuning batches hold all ${samples} samples, fewer than the requested ${batch}`);
  if (microBatch && microBatch.size !== settings.microBatch) {
    const rest = vectors.statistics
      ? '; BatchNormalization took its statistics of those pieces, so a machine with more memory gives another result'
      : '';
    const { foreseen } = microBatch;
    const told = foreseen
      ? `was not tried, since it needs about ${foreseen.needed} MiB and only ${foreseen.free} MiB were free`
      : 'did not fit into memory';
    notes.push(
      `a batch of ${Math.min(batch, samples)} ${told}: from step ${microBatch.since} on, gradients were ` +
        `accumulated over pieces of ${microBatch.size}${rest}`,
    );
  }
  const scaling = vectors[lossScaling];
  if (scaling && scaling[2] < step)
    notes.push(
      `mixed precision skipped ${step - scaling[2]} of ${step} steps, whose gradients float16 could not hold; the loss ` +
        `scale ended at ${scaling[0]}`,
    );
  const done = Math.floor(step / stepsPerEpoch(samples, batch));
  if (best && done < epochs)
    notes.push(
      `fine-tuning stopped after epoch ${done} of ${epochs}: the metric was best after epoch ${best.epoch}, ` +
        `which is kept`,
    );
  else if (best && best.epoch < epochs)
    notes.push(
      `fine-tuning kept the state after epoch ${best.epoch} of ${epochs}, which had the best metric`,
    );
  return notes;
}

/** Says that a model of a fixed batch was trained in pieces of it. */
export const inFixedBatches = (size: number): string =>
  `the model takes batches of exactly ${size}, so steps were computed in pieces of ${size}, with normalizations by the statistics of each: export it with an open batch for others`;
