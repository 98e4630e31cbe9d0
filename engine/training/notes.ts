import { stepsPerEpoch } from './batches/batches';
import { describeRetry } from './loop/retries';
import type { TrainingSettings } from './settings';
import type { TrainingState } from './loop/state';

/** Sentences on what of a training went otherwise than asked for. */
export function notesOf(
  { retries, microBatch, step, best, vectors }: TrainingState,
  settings: TrainingSettings,
  samples: number,
): string[] {
  const { batch, epochs } = settings;
  const notes = retries.map(describeRetry);
  if (batch > samples)
    notes.push(`fine-tuning batches hold all ${samples} samples there are, not ${batch} as asked`);
  if (microBatch && microBatch.size !== settings.microBatch) {
    const rest = vectors.statistics
      ? '; BatchNormalization took its statistics of those pieces, so a machine with more memory gives another result'
      : '';
    notes.push(
      `a batch of ${Math.min(batch, samples)} did not fit memory: from step ${microBatch.since} on, gradients were ` +
        `accumulated over pieces of ${microBatch.size}${rest}`,
    );
  }
  const done = Math.floor(step / stepsPerEpoch(samples, batch));
  if (best && done < epochs)
    notes.push(
      `fine-tuning stopped after epoch ${done} of ${epochs}: the metric was best after epoch ${best.epoch}, ` +
        `which is kept`,
    );
  else if (best && best.epoch < epochs)
    notes.push(
      `fine-tuning kept the state after epoch ${best.epoch} of ${epochs}, where the metric was best`,
    );
  return notes;
}
