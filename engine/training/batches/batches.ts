import type { Batch } from '../../data/dataset';
import { epochOrder } from './sample-order';

/**
 * Source of the training loop's batches. A batch depends only on (seed, step), whatever was requested before: resumed
 * training sees what an uninterrupted one would have.
 */
export interface BatchSource {
  /**
   * Returns the batch of step `step`, counted from 0 through all epochs. The loop asks in ascending order, but jumps
   * ahead when it resumes, and back when it returns to an earlier state. The arrays may be reused once the next batch
   * is requested.
   */
  batch(step: number): Promise<Batch>;
  /** Frees what the source holds; the data set stays open. */
  close(): Promise<void>;
}

/** Returns the steps of an epoch: the last batch may be smaller. */
export const stepsPerEpoch = (samples: number, batch: number): number => Math.ceil(samples / batch);

/** Rows of a data set that a step sees: each epoch visits every row once, in the order of `epochOrder`. */
export class EpochRows {
  private order: { readonly epoch: number; readonly rows: Uint32Array } | undefined;

  constructor(
    private readonly samples: number,
    private readonly size: number,
    private readonly seed: number,
  ) {}

  at(step: number): Uint32Array {
    const steps = stepsPerEpoch(this.samples, this.size);
    const epoch = Math.floor(step / steps);
    if (this.order?.epoch !== epoch) this.order = { epoch, rows: epochOrder(this.samples, this.seed, epoch) };
    const first = (step % steps) * this.size;
    return this.order.rows.subarray(first, first + this.size);
  }
}
