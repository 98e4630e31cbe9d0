import type { Batch, Labels } from '../../data/dataset';
import type { Graph } from '../../onnx/graph';
import { imageInput } from '../../onnx/image-input';
import type { Session } from '../../runtime/session';
import { feederOf } from '../../runtime/feeds';
import { sliceAxis } from '../../tensor/slice-axis';
import { floats, type Tensor } from '../../tensor/tensor';
import type { Rates } from '../optimizers/schedule';
import type { StateVector, Vectors } from '../parameters/vectors';
import { joinedPieces } from '../step/joined-pieces';
import { buildPiecewiseStep, pieceNames } from '../step/micro';
import { ofSteps, scanned } from '../step/scan';
import type { Shape } from '../emit/batch-shapes';
import { labelsFeed, names, ratesFeed, type StepSettings, type TrainingStep } from '../step/step';

/** A model whose steps are computed. */
export interface Model {
  /** As returned by `withOwnConstants`. */
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly settings: StepSettings;
  readonly step: TrainingStep;
}

/** Consecutive steps, on batches of one size. */
export interface Steps {
  /** The number of the first, counted from 0. */
  readonly first: number;
  readonly batches: readonly Batch[];
  /** One per batch. */
  readonly rates: readonly Rates[];
}

/** Result of steps. */
export interface Stepped {
  /** For each step the mean over its batch, before the update. */
  readonly losses: readonly number[];
  readonly vectors: Vectors;
}

/** Opens a session; tests replace it by one with less memory. */
export type OpenSession = (graph: Graph) => Promise<Pick<Session, 'run' | 'close'>>;

/** Sessions that compute steps. */
export interface Calls {
  readonly compute: (vectors: Vectors, steps: Steps) => Promise<Stepped>;
  readonly close: () => Promise<void>;
}

/** Form in which steps are computed: images per piece, if batches are split, and whether many steps are one call. */
export interface Form {
  readonly microBatch: number | undefined;
  readonly many: boolean;
}

/** Opens the sessions that compute steps in a form. Results are bit-identical whether a call has many steps or one. */
export function openCalls(model: Model, open: OpenSession, { microBatch, many }: Form): Promise<Calls> {
  if (many) return manyACall(model, open, microBatch);
  return microBatch === undefined ? whole(model, open) : inPieces(model, open, microBatch);
}

type ComputeOne = (vectors: Vectors, batch: Batch, rates: Readonly<Record<string, Tensor>>) => Promise<One>;
type One = { readonly loss: number; readonly vectors: Vectors };

/** Computes one step after the other. */
const inTurn =
  ({ step }: Model, compute: ComputeOne): Calls['compute'] =>
  async (vectors, { first, batches, rates }) => {
    const losses: number[] = [];
    let current = vectors;
    for (const [at, batch] of batches.entries()) {
      const one = await compute(current, batch, ratesFeed(step, rates[at], first + at));
      losses.push(one.loss);
      current = one.vectors;
    }
    return { losses, vectors: current };
  };

async function whole(model: Model, open: OpenSession): Promise<Calls> {
  const { vectors: rows, model: graph } = model.step;
  const session = await open(graph);
  const compute = inTurn(model, async (vectors, batch, rates) => {
    const result = await session.run({ ...samples(model, batch), ...rates, ...fed(rows, vectors) });
    return { loss: numbersIn(result[names.loss])[0], vectors: vectorsIn(rows, result) };
  });
  return { compute, close: () => session.close() };
}

async function inPieces(model: Model, open: OpenSession, size: number): Promise<Calls> {
  const { graph, shapes, settings, step } = model;
  const models = buildPiecewiseStep(graph, shapes, settings);
  const accumulate = await open(models.accumulate);
  const update = await open(models.update);
  const compute = inTurn(model, async (vectors, batch, rates) => {
    const losses: number[] = [];
    const shares = sharesOf(batch, size, leftOut(settings));
    let current = vectors;
    let gradients: Tensor = floats([step.parameters.size]);
    for (const [at, share] of shares.entries()) {
      const result = await accumulate.run({
        ...samples(model, pieceOf(batch, size, at)),
        ...fed(models.read, current),
        [pieceNames.share]: floats([], [share]),
        [pieceNames.gradients]: gradients,
      });
      losses.push(numbersIn(result[names.loss])[0]);
      gradients = result[pieceNames.nextGradients];
      current = { ...current, ...vectorsIn(models.moved, result) };
    }
    const result = await update.run({
      ...rates,
      ...fed(step.vectors, current),
      [pieceNames.gradients]: gradients,
    });
    return { loss: lossOf(losses, shares), vectors: vectorsIn(step.vectors, result) };
  });
  return { compute, close: async () => void (await Promise.all([accumulate.close(), update.close()])) };
}

async function manyACall(model: Model, open: OpenSession, size: number | undefined): Promise<Calls> {
  const { graph, shapes, settings, step } = model;
  const body =
    size === undefined ? step.model : joinedPieces(buildPiecewiseStep(graph, shapes, settings), step, size);
  const session = await open(scanned(body, step.vectors));
  const compute: Calls['compute'] = async (vectors, { first, batches, rates }) => {
    const shares = size === undefined ? [] : batches.map((one) => sharesOf(one, size, leftOut(settings)));
    const result = await session.run({
      ...stacked(batches.map((batch) => samples(model, batch))),
      ...stacked(rates.map((one, at) => ratesFeed(step, one, first + at))),
      ...stacked(shares.map((one) => ({ [pieceNames.share]: floats([one.length], one) }))),
      ...named(fed(step.vectors, vectors)),
    });
    const told = numbersIn(result[ofSteps(names.loss)]);
    const each = told.length / batches.length;
    return {
      losses: shares.length
        ? shares.map((one, at) => lossOf(told.subarray(at * each, (at + 1) * each), one))
        : [...told],
      vectors: vectorsIn(step.vectors, result, ofSteps),
    };
  };
  return { compute, close: () => session.close() };
}

/** Returns a step's feeds for a batch. */
function samples({ graph, step, shapes, settings }: Model, batch: Batch): Record<string, Tensor> {
  const { labels, size } = batch;
  const others = Object.keys(batch.inputs ?? {});
  const image = imageInput(graph, others).name;
  const shape = shapes.get(image)!.slice(1);
  const feeder = feederOf(graph, { name: 'the batch', shape, inputs: others });
  const dims = [size, ...(settings.labelShape ?? [])];
  return {
    ...feeder.feeds(batch),
    ...(step.labels && {
      [names.labels]: labelsFeed(labels, dims),
    }),
  };
}

/** Stacks the feeds of several steps into one. */
function stacked(feeds: readonly Readonly<Record<string, Tensor>>[]): Record<string, Tensor> {
  const joined = (tensors: readonly Tensor[]): Tensor => {
    const [{ type, dims, data }] = tensors;
    const all = new (data.constructor as new (length: number) => Float32Array)(tensors.length * data.length);
    tensors.forEach((one, at) => all.set(one.data as Float32Array, at * data.length));
    return { type, dims: [tensors.length, ...dims], data: all };
  };
  return named(
    Object.fromEntries(
      Object.keys(feeds[0] ?? {}).map((name) => [name, joined(feeds.map((feed) => feed[name]))]),
    ),
  );
}

const named = (feed: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(feed).map(([name, tensor]) => [ofSteps(name), tensor]));

/** Returns piece `at`, of at most `size` samples, of a batch. */
function pieceOf({ images, labels, size: all, inputs }: Batch, size: number, at: number): Batch {
  const [first, end] = [at * size, Math.min((at + 1) * size, all)];
  const part = <T extends Labels>(values: T) =>
    values.subarray((first * values.length) / all, (end * values.length) / all) as T;
  const rows = Array.from({ length: end - first }, (_, row) => first + row);
  // Inputs without a row per sample are shared by all.
  const own = (tensor: Tensor) => (tensor.dims[0] === all ? sliceAxis(tensor, 0, rows) : tensor);
  return {
    images: part(images),
    labels: part(labels),
    size: end - first,
    ...(inputs && {
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, own(tensor)])),
    }),
  };
}

/** Returns the label to ignore, if there is one. */
const leftOut = ({ unknownLabels, ignoreLabel }: StepSettings): number | undefined =>
  unknownLabels ? NaN : ignoreLabel;

/**
 * Computes each piece's share of the batch's loss, for pieces of at most `size` images: by images or, if some labels
 * are ignored, by those that count.
 */
function sharesOf(batch: Batch, size: number, ignored: number | undefined): number[] {
  const counted = ({ labels, size: all }: Batch) =>
    ignored === undefined ? all : labels.length - countOf(labels, ignored);
  const total = Math.max(counted(batch), 1);
  return Array.from(
    { length: Math.ceil(batch.size / size) },
    (_, at) => counted(pieceOf(batch, size, at)) / total,
  );
}

function countOf(labels: Labels, wanted: number): number {
  let count = 0;
  for (const label of labels) count += Number(Object.is(label, wanted));
  return count;
}

/**
 * Combines the losses of a batch's pieces, as precisely as a checkpoint keeps them, so that a resumed training judges
 * the same.
 */
const lossOf = (losses: ArrayLike<number>, shares: readonly number[]): number =>
  Math.fround(shares.reduce((sum, share, at) => sum + share * losses[at], 0));

const fed = (rows: readonly StateVector[], vectors: Vectors): Record<string, Tensor> =>
  Object.fromEntries(rows.map(({ name, input, size }) => [input, floats([size], vectors[name])]));

const vectorsIn = (
  rows: readonly StateVector[],
  result: Readonly<Record<string, Tensor>>,
  nameOf = (output: string) => output,
): Vectors =>
  Object.fromEntries(rows.map(({ name, output }) => [name, result[nameOf(output)].data as Float32Array]));

const numbersIn = (tensor: Tensor): Float32Array => tensor.data as Float32Array;
