import type { Batch } from '../../data/dataset';
import { EngineError } from '../../errors';
import type { Graph } from '../../onnx/graph';
import { Session } from '../../runtime/session';
import { floats, type Tensor } from '../../tensor/tensor';
import { buildPiecewiseStep, pieceNames } from '../step/micro';
import type { Rates } from '../optimizers/schedule';
import type { Shape } from '../step/shapes';
import { names, ratesFeed, type StepSettings, type TrainingStep } from '../step/step';
import type { StateVector, Vectors } from '../parameters/vectors';

/** What a step is computed from. */
export interface Model {
  /** As `withOwnConstants` gives it. */
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly settings: StepSettings;
  readonly step: TrainingStep;
}

/** What a step gives. */
export interface Stepped {
  /** The mean over the batch, before the update. */
  readonly loss: number;
  readonly vectors: Vectors;
}

/** Step `number`, counted from 0, of training. */
type Compute = (vectors: Vectors, batch: Batch, rates: Rates, number: number) => Promise<Stepped>;

/** Opens a session; tests put one with less memory in its place. */
export type OpenSession = (graph: Graph) => Promise<Pick<Session, 'run' | 'close'>>;

/**
 * Computes steps, in pieces where the batch is to be, or has to be, taken apart: when ONNX Runtime has no memory for a
 * step, its batch is halved until it has, and all later steps are computed in pieces of that size.
 */
export class Computer {
  private opened: { readonly compute: Compute; readonly close: () => Promise<void> } | undefined;

  /**
   * @param microBatch images of a piece; whole batches where undefined.
   */
  constructor(
    private readonly model: Model,
    private readonly open: OpenSession,
    public microBatch?: number,
  ) {}

  /** @throws EngineError `UnsupportedModel` when not even one image fits memory, or ONNX Runtime fails otherwise. */
  async step(...[vectors, batch, rates, number]: Parameters<Compute>): Promise<Stepped> {
    for (;;) {
      try {
        this.opened ??= await (this.microBatch ? this.pieces(this.microBatch) : this.whole());
        return await this.opened.compute(vectors, batch, rates, number);
      } catch (error) {
        if (!outOfMemory(error as Error)) throw error;
        const size = Math.min(this.microBatch ?? batch.size, batch.size);
        if (size === 1) throw tooLarge(error as Error);
        // What the session holds is freed before the next one asks for memory.
        await this.close();
        this.microBatch = Math.ceil(size / 2);
      }
    }
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }

  private async whole() {
    const { step } = this.model;
    const session = await this.open(step.model);
    const compute: Compute = async (vectors, batch, rates, number) => {
      const result = await session.run({
        ...this.samples(batch),
        ...ratesFeed(step, rates, number),
        ...fed(step.vectors, vectors),
      });
      return { loss: numberIn(result[names.loss]), vectors: vectorsIn(step.vectors, result) };
    };
    return { compute, close: () => session.close() };
  }

  private async pieces(size: number) {
    const { graph, shapes, settings, step } = this.model;
    const models = buildPiecewiseStep(graph, shapes, settings);
    const accumulate = await this.open(models.accumulate);
    const update = await this.open(models.update);
    const compute: Compute = async (vectors, batch, rates, number) => {
      let loss = 0;
      let current = vectors;
      let gradients: Tensor = floats([step.parameters.size]);
      for (const { piece, share } of piecesOf(batch, size, settings.ignoreLabel)) {
        const result = await accumulate.run({
          ...this.samples(piece),
          ...fed(models.read, current),
          [pieceNames.share]: floats([], [share]),
          [pieceNames.gradients]: gradients,
        });
        loss += share * numberIn(result[names.loss]);
        gradients = result[pieceNames.nextGradients];
        current = { ...current, ...vectorsIn(models.moved, result) };
      }
      const result = await update.run({
        ...ratesFeed(step, rates, number),
        ...fed(step.vectors, current),
        [pieceNames.gradients]: gradients,
      });
      // As exact as a checkpoint keeps it, so that whoever resumes judges the same losses.
      return { loss: Math.fround(loss), vectors: vectorsIn(step.vectors, result) };
    };
    return { compute, close: async () => void (await Promise.all([accumulate.close(), update.close()])) };
  }

  /** What the step is fed of a batch. */
  private samples({ images, labels, size }: Batch): Record<string, Tensor> {
    const { step, shapes, settings } = this.model;
    const shape = shapes.get(step.images)!.slice(1);
    const dims = [size, ...(settings.labelShape ?? [])];
    return {
      [step.images]: floats([size, ...shape], images),
      ...(step.labels && {
        [names.labels]: { type: 'int64', dims, data: BigInt64Array.from(labels, BigInt) },
      }),
    };
  }
}

/**
 * A batch in pieces of at most `size` images, each with its share of the batch's loss: of the images, or, where some
 * labels are ignored, of those that count.
 */
function piecesOf({ images, labels, size: whole }: Batch, size: number, ignored: number | undefined) {
  const part = <T extends Float32Array | Int32Array>(values: T, first: number, count: number) =>
    values.subarray((first * values.length) / whole, ((first + count) * values.length) / whole) as T;
  const counted = ({ labels: own, size: all }: Batch) =>
    ignored === undefined ? all : own.reduce((sum, label) => sum + Number(label !== ignored), 0);
  const total = Math.max(counted({ images, labels, size: whole }), 1);
  return Array.from({ length: Math.ceil(whole / size) }, (_, at) => {
    const first = at * size;
    const count = Math.min(size, whole - first);
    const piece = { images: part(images, first, count), labels: part(labels, first, count), size: count };
    return { piece, share: counted(piece) / total };
  });
}

const fed = (rows: readonly StateVector[], vectors: Vectors): Record<string, Tensor> =>
  Object.fromEntries(rows.map(({ name, input, size }) => [input, floats([size], vectors[name])]));

const vectorsIn = (rows: readonly StateVector[], result: Readonly<Record<string, Tensor>>): Vectors =>
  Object.fromEntries(rows.map(({ name, output }) => [name, result[output].data as Float32Array]));

const numberIn = (tensor: Tensor): number => (tensor.data as Float32Array)[0];

/** How ONNX Runtime's allocators, on the CPU and on CUDA, and C++ say that there is no memory. */
const outOfMemory = ({ message }: Error): boolean =>
  /failed to allocate memory|bad[_ ]alloc|out of memory|cudaErrorMemoryAllocation/i.test(message);

const tooLarge = (cause: Error) =>
  new EngineError(
    'UnsupportedModel',
    `a training step on one image alone does not fit this machine's memory (${cause.message}): use a machine with more`,
    { cause },
  );
