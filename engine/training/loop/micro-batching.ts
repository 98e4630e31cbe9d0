import { EngineError } from '../../errors';
import { saysOutOfMemory } from '../../runtime/out-of-memory';
import type { Vectors } from '../parameters/vectors';
import { type Calls, type Model, openCalls, type OpenSession, type Stepped, type Steps } from './step-calls';

/**
 * Computes steps, in pieces if the batch is to be, or has to be, split: if ONNX Runtime has no memory for a step, its
 * batch is halved until it does, and all later steps are computed in pieces of that size.
 */
export class Computer {
  private opened: Calls | undefined;

  /**
   * @param microBatch images per piece; whole batches if undefined
   * @param stepsPerCall most steps per call; 1 if memory was too short for more
   */
  constructor(
    private readonly model: Model,
    private readonly open: OpenSession,
    public microBatch?: number,
    public stepsPerCall = 1,
  ) {}

  /** @throws EngineError `UnsupportedModel` if not even one image fits into memory, or ONNX Runtime fails otherwise */
  async steps(vectors: Vectors, steps: Steps): Promise<Stepped> {
    for (;;) {
      try {
        const { microBatch, stepsPerCall } = this;
        this.opened ??= await openCalls(this.model, this.open, { microBatch, many: stepsPerCall > 1 });
        return await this.opened.compute(vectors, steps);
      } catch (error) {
        if (!saysOutOfMemory((error as Error).message)) throw error;
        // The session's memory is freed before the next one needs it.
        await this.close();
        this.takeLess(steps.batches[0].size, error as Error);
      }
    }
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }

  /** First a call is reduced to one step, which changes no result; then its batch is halved. */
  private takeLess(batch: number, cause: Error): void {
    if (this.stepsPerCall > 1) {
      this.stepsPerCall = 1;
      return;
    }
    const size = Math.min(this.microBatch ?? batch, batch);
    if (size === 1) throw tooLarge(cause);
    this.microBatch = Math.ceil(size / 2);
  }
}

const tooLarge = (cause: Error) =>
  new EngineError(
    'UnsupportedModel',
    `a training step on a single image does not fit into this machine's memory (${cause.message}): use a machine with more memory`,
    { cause },
  );
