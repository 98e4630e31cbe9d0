import { type Batch, Dataset } from '../data/dataset';
import type { RandomInput } from '../data/source';
import { Random } from '../data/random';
import { EngineError } from '../errors';
import type { Dim } from '../onnx/dims';
import type { Graph, ValueInfo } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import { type InputSize, sizesByInput } from '../onnx/input-size';
import { inferShapes } from '../onnx/shapes';
import { permute } from '../onnx/rewrites/fold-weights';
import { typeOf } from '../onnx/tensor-proto';
import { type ElementType, floats, sizeOf, type Tensor, type TensorData, zeros } from '../tensor/tensor';

/** Turns a data set's batches into a model's feeds. */
export interface Feeder {
  /** Name of the input that images are fed to. */
  readonly image: string;
  feeds(batch: Batch): Record<string, Tensor>;
}

/**
 * Plans how `data` feeds `graph`: images to its image input, the data set's further inputs to those of the same names.
 * @throws EngineError `InvalidData` if an input is left unfed, or images or further inputs do not fit
 */
export function feederOf(graph: Graph, data: Pick<Dataset, 'name' | 'shape' | 'inputs'>): Feeder {
  const image = imageInput(graph, data.inputs);
  const names = graph.inputs.map(({ name }) => name);
  const stranger = data.inputs.find((name) => !names.includes(name));
  if (stranger !== undefined) {
    throw new EngineError(
      'InvalidData',
      `\`inputs\` names ${stranger}, which is not an input of the model; those are ${names.join(', ')}`,
    );
  }
  const unfed = names.find((name) => name !== image.name && !data.inputs.includes(name));
  if (unfed !== undefined) {
    throw new EngineError(
      'InvalidData',
      `images are fed to the model's input ${image.name}, but nothing to ${unfed}: name a .npy file for it under \`inputs\``,
    );
  }
  const wanted = image.dims?.slice(1);
  if (
    wanted &&
    !(wanted.length === data.shape.length && wanted.every((dim, at) => fits(dim, data.shape[at])))
  ) {
    throw new EngineError(
      'InvalidData',
      `images of ${data.name} are [${data.shape.join(', ')}], but input ${image.name} of the model takes [${wanted.map((dim) => dim ?? '?').join(', ')}]`,
    );
  }
  const type = typeOf(image.elementType) ?? 'float32';
  const later = new Map(
    graph.inputs.flatMap((input): [string, number][] => {
      const axis = input.name === image.name ? 0 : batchAxis(graph, input);
      return axis && input.dims ? [[input.name, axis]] : [];
    }),
  );
  const further = (inputs: Batch['inputs'], size: number) =>
    Object.entries(inputs ?? {}).map(([name, tensor]): [string, Tensor] => {
      const axis = later.get(name);
      return [name, axis === undefined ? tensor : alongAxis(tensor, axis, size)];
    });
  return {
    image: image.name,
    feeds: ({ images, size, inputs }) => ({
      ...Object.fromEntries(further(inputs, size)),
      [image.name]: imagesAs(type, [size, ...data.shape], images),
    }),
  };
}

/** Rows of samples as an input takes them whose batch is not its first axis; one that all share is given each of them. */
function alongAxis(tensor: Tensor, axis: number, size: number): Tensor {
  const { dims } = tensor;
  if (dims[axis] === 1 && size > 1 && dims[0] !== size) {
    const copies = Array.from({ length: size }, () => tensor.data);
    const stacked = { ...tensor, dims: [size, ...dims.filter((_, at) => at !== axis)], data: joined(copies) };
    return alongAxis(stacked, axis, size);
  }
  if (dims[0] !== size) return tensor;
  const order = dims.map((_, at) => (at < axis ? at + 1 : at === axis ? 0 : at));
  return permute(tensor, order);
}

function joined(parts: readonly TensorData[]): TensorData {
  const [first] = parts;
  const all = new (first.constructor as new (length: number) => TensorData)(parts.length * first.length);
  parts.forEach((part, at) => all.set(part as never, at * first.length));
  return all;
}

const fits = (dim: Dim, size: number): boolean => typeof dim !== 'number' || dim === size;

/** Converts images to an input's type if it takes bytes or integers; the session converts between widths of floats. */
function imagesAs(type: ElementType, dims: readonly number[], images: Float32Array): Tensor {
  if (type === 'uint8') return { type, dims, data: new Uint8Array(Uint8ClampedArray.from(images).buffer) };
  if (type === 'int32') return { type, dims, data: Int32Array.from(images, Math.round) };
  if (type === 'int64')
    return { type, dims, data: BigInt64Array.from(images, (value) => BigInt(Math.round(value))) };
  return floats(dims, images);
}

/** Sizes of a model's inputs, for dimensions that it leaves open. */
export interface InputSizes {
  /** Whole shape of the image input, such as [1, 3, 224, 224], or shapes by input; the model's own by default. */
  readonly inputShape?: InputSize;
  /** Batch size if the model leaves it open and `inputShape` does not give it; 1 by default. */
  readonly batch?: number;
}

/** Random inputs of a model, with notes on what was chosen. */
export interface RandomData {
  readonly data: Dataset;
  /** Sentences about the inputs that are not images. */
  readonly notes: readonly string[];
}

/**
 * Makes a data set of standard normal images for `graph`, with further float inputs drawn likewise and integers zero.
 * @throws EngineError `InvalidSettings` if a size is unknown, or `inputShape` does not fit the model
 */
export function randomData(
  graph: Graph,
  { inputShape, samples, seed }: InputSizes & { readonly samples: number; readonly seed: number },
): RandomData {
  const shapes = inputShapes(graph, { inputShape });
  const image = imageInput(graph);
  const further = graph.inputs.filter(({ name }) => name !== image.name);
  const inputs = further.map((input): [string, RandomInput] => {
    const type = typeOf(input.elementType) ?? 'float32';
    const batch = batchAxis(graph, input);
    const shape = shapes.get(input.name)!.filter((_, axis) => axis !== batch);
    const batched = batch !== undefined;
    return [input.name, { type: type.startsWith('float') ? 'float32' : type, shape, batched }];
  });
  const fixed = typeof image.dims?.[0] === 'number' ? image.dims[0] : 1;
  const data = Dataset.random({
    shape: shapes.get(image.name)!.slice(1),
    samples: Math.ceil(samples / fixed) * fixed, // whole batches of a model that takes no others
    seed,
    inputs: Object.fromEntries(inputs),
  });
  const notes = inputs.map(([name, { type }]) =>
    type === 'float32'
      ? `input ${name} is fed random numbers`
      : `input ${name} (${type}) is fed zeros: if zeros mean little there, name a .npy file for it under \`inputs\``,
  );
  return { data, notes };
}

/**
 * Makes one batch of standard normal feeds for every input of `graph`, with integers zero, to run it once.
 * @throws EngineError `InvalidSettings` as `randomData` does
 */
export const randomFeeds = (
  graph: Graph,
  { seed = 0, ...sizes }: InputSizes & { readonly seed?: number } = {},
): Record<string, Tensor> => drawn(drawnInputs(graph, sizes), seed);

/** An input to be drawn: standard normal numbers for floats, zeros for other types. */
export interface DrawnInput {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/**
 * Lists what `randomFeeds` draws.
 * @throws EngineError `InvalidSettings` as `randomData` does
 */
export function drawnInputs(graph: Graph, sizes: InputSizes = {}): DrawnInput[] {
  const shapes = inputShapes(graph, sizes);
  return graph.inputs.map(({ name, elementType }) => ({
    name,
    type: typeOf(elementType) ?? 'float32',
    dims: shapes.get(name)!,
  }));
}

/** Draws one batch of feeds. */
export function drawn(inputs: readonly DrawnInput[], seed: number): Record<string, Tensor> {
  const random = new Random(seed);
  const feeds = inputs.map(({ name, type, dims }): [string, Tensor] => {
    if (!type.startsWith('float')) return [name, zeros(type, dims)];
    return [
      name,
      floats(
        dims,
        Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
      ),
    ];
  });
  return Object.fromEntries(feeds);
}

/**
 * Returns the shapes of all inputs: open sizes are taken from `inputShape`, an open batch from `batch`.
 * @throws EngineError `InvalidSettings` if a size is unknown, or `inputShape` does not fit the model
 */
export function inputShapes(graph: Graph, { inputShape, batch = 1 }: InputSizes): Map<string, number[]> {
  const known = inferShapes(graph);
  const given = new Map(inputShape ? sizesByInput(graph, inputShape) : []);
  const symbols = new Map<Dim, number>();
  for (const [name, size] of given) {
    const declared = known.get(name);
    if (!declared) continue;
    if (!(declared.length === size.length && declared.every((dim, at) => fits(dim, size[at]))))
      throw new EngineError(
        'InvalidSettings',
        `input size ${shown(size)} does not fit input ${name}, which takes ${shown(declared)}`,
      );
    declared.forEach((dim, at) => typeof dim === 'string' && symbols.set(dim, size[at]));
  }
  const open = (dim: Dim, axis: number) =>
    symbols.get(dim) ?? (axis && dim !== batchOf(graph) ? undefined : batch);
  return new Map(
    graph.inputs.map(({ name }) => {
      const dims = given.get(name) ?? known.get(name);
      const shape = dims?.map((dim, at) => (typeof dim === 'number' ? dim : open(dim, at)));
      if (shape?.every((size) => size !== undefined)) return [name, shape];
      const option = graph.inputs.length > 1 ? `--input-size ${name}=2x1x128` : '--input-size 1x3x224x224';
      throw new EngineError(
        'InvalidSettings',
        `the size of input ${name} is ${dims ? shown(dims) : 'not in the model'}: give its whole size (inputSize, as in ${option})`,
      );
    }),
  );
}

const shown = (dims: readonly Dim[]) => `[${dims.map((dim) => dim ?? '?').join(', ')}]`;

/** The name of the batch, as the image input has it; undefined if it has none. */
function batchOf(graph: Graph): string | undefined {
  const batch = imageInput(graph).dims?.[0];
  return typeof batch === 'string' ? batch : undefined;
}

/** The axis of an input along which samples lie; undefined if all samples share it. */
function batchAxis(graph: Graph, { dims }: ValueInfo): number | undefined {
  if (!dims) return 0;
  const batch = batchOf(graph);
  const named = batch === undefined ? -1 : dims.indexOf(batch);
  if (named >= 0) return named;
  const first = dims.length > 0 && (typeof dims[0] !== 'number' || dims[0] === imageInput(graph).dims?.[0]);
  return first ? 0 : undefined;
}
