import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Batch, Dataset } from '../../data/dataset';
import type { DatasetSource } from '../../data/source';
import { EngineError, type EngineErrorCode } from '../../errors';
import { sizeOf } from '../../tensor/tensor';
import { augmented, type Augmentation, checkAugmentation } from './augment';
import { type BatchSource, EpochRows, stepsPerEpoch } from './batches';

/** Settings that batches depend on, besides the data. */
export interface BatchSettings {
  /** Samples per batch. */
  readonly batch: number;
  /** Seed of order and augmentation. */
  readonly seed: number;
  readonly augment?: Augmentation;
  /** Label that the loss ignores: given to padding, if there is one label per pixel. */
  readonly ignoreLabel?: number;
  /** Batches requested at once; 1 by default. */
  readonly stepsPerCall?: number;
}

/** Input of a thread of the pipeline. */
export interface PipelineTask {
  readonly source: DatasetSource;
  readonly settings: BatchSettings;
}
export type PipelineReply =
  | { readonly step: number; readonly batch: Batch }
  | { readonly step: number; readonly failed: { code?: EngineErrorCode; message: string } };

/** Fewest batches prepared in advance. */
const fewestAhead = 3;
/** Threads that make them: one keeps a CPU's training fed many times over, a GPU's needs more. */
const threadsUsed = 2;
/** Floats of a batch from which on reading it is worth a thread, 1 MiB. */
const worthwhile = 2 ** 18;

/** Makes the batches of all epochs, by step, each on demand. */
export function batchMaker(
  data: Dataset,
  { batch: size, seed, augment, ignoreLabel }: BatchSettings,
): (step: number) => Batch {
  const { labelShape, unknownLabels } = data;
  const labels = { labelShape, ignoreLabel: unknownLabels ? NaN : ignoreLabel };
  if (augment) checkAugmentation(augment, data.shape, labels);
  const order = new EpochRows(data.length, size, seed);
  return (step) => {
    const rows = order.at(step);
    const batch = data.gather(rows);
    if (!augment) return batch;
    const epoch = Math.floor(step / stepsPerEpoch(data.length, size));
    return augmented(batch, augment, { shape: data.shape, rows, seed, epoch }, labels);
  };
}

/**
 * Opens the batches of a training: made ahead in threads if there is work in them (augmentation, large images), else on
 * demand, which is faster for small ones. The batches themselves are the same either way.
 * @param data what `source` opens to
 * @throws EngineError `InvalidSettings` if the augmentation does not fit the images
 */
export function openBatches(data: Dataset, source: DatasetSource, settings: BatchSettings): BatchSource {
  const make = batchMaker(data, settings);
  if (settings.augment || settings.batch * sizeOf(data.shape) >= worthwhile) {
    return new PrefetchedBatches({ source, settings });
  }
  return asAsked(make);
}

/**
 * Opens the batches of a training, each made on demand.
 * @throws EngineError `InvalidSettings` if the augmentation does not fit the images
 */
export const gathered = (data: Dataset, settings: BatchSettings): BatchSource =>
  asAsked(batchMaker(data, settings));

const asAsked = (make: (step: number) => Batch): BatchSource => ({
  batch: async (step) => make(step),
  close: async () => undefined,
});

/** Batches from threads that each open the data themselves; the next few are made while one is trained on. */
export class PrefetchedBatches implements BatchSource {
  private readonly threads: readonly Worker[];
  private readonly ahead: number;
  /** Steps that a thread is working on or has done. */
  private readonly asked = new Set<number>();
  private readonly ready = new Map<number, PipelineReply>();
  private failure: Error | undefined;
  private wake = (): void => undefined;

  constructor(task: PipelineTask) {
    this.ahead = Math.max(fewestAhead, task.settings.stepsPerCall ?? 1);
    this.threads = Array.from({ length: threadsUsed }, () => {
      const thread = new Worker(join(__dirname, 'pipeline-thread.js'), { workerData: task });
      thread.on('message', (reply: PipelineReply) => {
        if (this.asked.has(reply.step)) this.ready.set(reply.step, reply);
        this.wake();
      });
      thread.on('error', (error: Error) => this.fail(error));
      thread.on('exit', () => this.fail(new Error('a thread of the input pipeline has ended')));
      return thread;
    });
  }

  /** @throws EngineError `InvalidData` if the data can't be read; Error if a thread has died, or after `close` */
  async batch(step: number): Promise<Batch> {
    // What was made ahead of a jump is no longer wanted.
    for (const other of this.asked) if (other < step || other > step + this.ahead) this.forget(other);
    for (let next = step; next <= step + this.ahead; next++) {
      if (this.asked.has(next)) continue;
      this.asked.add(next);
      this.threads[next % threadsUsed].postMessage(next);
    }
    while (!this.ready.has(step)) {
      if (this.failure) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const reply = this.ready.get(step)!;
    this.forget(step);
    if ('batch' in reply) return reply.batch;
    const { code, message } = reply.failed;
    throw code ? new EngineError(code, message) : new Error(message);
  }

  /** Ends the threads, which only read files: no native code is interrupted. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }

  private forget(step: number): void {
    this.asked.delete(step);
    this.ready.delete(step);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }
}
