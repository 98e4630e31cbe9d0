import type { Batch } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { Session } from '../runtime/session';
import { floats, type Tensor } from '../tensor/tensor';
import { buildPiecewiseStep, pieceNames } from './micro';
import type { Rates } from './schedule';
import type { Shape } from './shapes';
import { type StateVector, type Vectors, vectorsOf } from './state';
import { names, type StepSettings, type TrainingStep } from './step';

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

/** One step of training. */
type Compute = (vectors: Vectors, batch: Batch, rates: Rates) => Promise<Stepped>;

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
  async step(vectors: Vectors, batch: Batch, rates: Rates): Promise<Stepped> {
    for (;;) {
      try {
        this.opened ??= await (this.microBatch ? this.pieces(this.microBatch) : this.whole());
        return await this.opened.compute(vectors, batch, rates);
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
    const rows = vectorsOf(step);
    const session = await this.open(step.model);
    const compute: Compute = async (vectors, batch, rates) => {
      const result = await session.run({
        ...this.samples(batch),
        ...ratesFed(rates),
        ...fed(rows, vectors),
      });
      return { loss: numberIn(result[names.loss]), vectors: vectorsIn(rows, result) };
    };
    return { compute, close: () => session.close() };
  }

  private async pieces(size: number) {
    const { graph, shapes, settings, step } = this.model;
    const models = buildPiecewiseStep(graph, shapes, settings);
    const rows = vectorsOf(step);
    const named = (wanted: readonly string[]) => rows.filter(({ input }) => wanted.includes(input));
    const inputsOf = (model: Graph) => named(model.inputs.map(({ name }) => name));
    const [accumulated, updated] = [inputsOf(models.accumulate), inputsOf(models.update)];
    // Parameters go into both models, but only the update gives new ones.
    const changing = accumulated.filter((row) => !updated.includes(row));
    const accumulate = await this.open(models.accumulate);
    const update = await this.open(models.update);
    const compute: Compute = async (vectors, batch, rates) => {
      let loss = 0;
      let current = vectors;
      let gradients: Tensor = floats([step.parameters.size]);
      for (const piece of piecesOf(batch, size)) {
        const share = piece.size / batch.size;
        const result = await accumulate.run({
          ...this.samples(piece),
          ...fed(accumulated, current),
          [pieceNames.share]: floats([], [share]),
          [pieceNames.gradients]: gradients,
        });
        loss += share * numberIn(result[names.loss]);
        gradients = result[pieceNames.nextGradients];
        current = { ...current, ...vectorsIn(changing, result) };
      }
      const result = await update.run({
        ...ratesFed(rates),
        ...fed(updated, current),
        [pieceNames.gradients]: gradients,
      });
      return { loss, vectors: { ...current, ...vectorsIn(updated, result) } };
    };
    return { compute, close: async () => void (await Promise.all([accumulate.close(), update.close()])) };
  }

  /** What the step is fed of a batch. */
  private samples({ images, labels, size }: Batch): Record<string, Tensor> {
    const { images: input } = this.model.step;
    const shape = this.model.shapes.get(input)!.slice(1);
    return {
      [input]: floats([size, ...shape], images),
      [names.labels]: { type: 'int64', dims: [size], data: BigInt64Array.from(labels, BigInt) },
    };
  }
}

/** A batch in pieces of at most `size` images. */
function piecesOf({ images, labels, size: whole }: Batch, size: number): Batch[] {
  const part = <T extends Float32Array | Int32Array>(values: T, first: number, count: number) =>
    values.subarray((first * values.length) / whole, ((first + count) * values.length) / whole) as T;
  return Array.from({ length: Math.ceil(whole / size) }, (_, at) => {
    const first = at * size;
    const count = Math.min(size, whole - first);
    return { images: part(images, first, count), labels: part(labels, first, count), size: count };
  });
}

const fed = (rows: readonly StateVector[], vectors: Vectors): Record<string, Tensor> =>
  Object.fromEntries(rows.map(({ name, input, size }) => [input, floats([size], vectors[name])]));

const ratesFed = ({ learningRate, momentum }: Rates): Record<string, Tensor> => ({
  [names.learningRate]: floats([], [learningRate]),
  [names.momentum]: floats([], [momentum]),
});

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
