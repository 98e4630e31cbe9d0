import { type Batch, Dataset } from '../data/dataset';
import type { RandomInput } from '../data/source';
import { Random } from '../data/random';
import { EngineError } from '../errors';
import type { Graph, ValueInfo } from '../onnx/graph';
import type { Dim } from '../onnx/dims';
import { inferShapes } from '../onnx/shapes';
import { typeOf } from '../onnx/tensor-proto';
import { type ElementType, floats, sizeOf, type Tensor, zeros } from '../tensor/tensor';

/** Turns a data set's batches into a model's feeds. */
export interface Feeder {
  /** Name of the input that images are fed to. */
  readonly image: string;
  feeds(batch: Batch): Record<string, Tensor>;
}

/**
 * Finds the input that a data set's images are fed to: the first float input with at least three axes, else any first
 * input with as many, else the first float input, else the first.
 * @throws EngineError `UnsupportedModel` if all inputs are among `others`
 */
export function imageInput(graph: Graph, others: readonly string[] = []): ValueInfo {
  const inputs = graph.inputs.filter(({ name }) => !others.includes(name));
  const wide = ({ dims }: ValueInfo) => !dims || dims.length > 2;
  const real = ({ elementType }: ValueInfo) => /^float/.test(typeOf(elementType) ?? '');
  const found =
    inputs.find((input) => wide(input) && real(input)) ?? inputs.find(wide) ?? inputs.find(real) ?? inputs[0];
  if (!found) throw new EngineError('UnsupportedModel', 'the model has no input that images could be fed to');
  return found;
}

/**
 * Plans how `data` feeds `graph`: images to its image input, the data set's further inputs to those of the same names.
 * @throws EngineError `InvalidData` if an input is left unfed, or images or further inputs do not fit
 */
export function feederOf(graph: Graph, data: Dataset): Feeder {
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
  return {
    image: image.name,
    feeds: ({ images, size, inputs }) => ({
      ...inputs,
      [image.name]: imagesAs(type, [size, ...data.shape], images),
    }),
  };
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
  /** Whole shape of the image input, such as [1, 3, 224, 224]; the model's own by default. */
  readonly inputShape?: readonly number[];
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
  const inputs = further.map(({ name, elementType, dims }): [string, RandomInput] => {
    const type = typeOf(elementType) ?? 'float32';
    const batched =
      !dims || (dims.length > 0 && (typeof dims[0] !== 'number' || dims[0] === image.dims?.[0]));
    const shape = shapes.get(name)!.slice(batched ? 1 : 0);
    return [name, { type: type.startsWith('float') ? 'float32' : type, shape, batched }];
  });
  const data = Dataset.random({
    shape: shapes.get(image.name)!.slice(1),
    samples,
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
export function randomFeeds(
  graph: Graph,
  { inputShape, batch, seed = 0 }: InputSizes & { readonly seed?: number } = {},
) {
  const shapes = inputShapes(graph, { inputShape, batch });
  const random = new Random(seed);
  const feeds = graph.inputs.map(({ name, elementType }): [string, Tensor] => {
    const [type, dims] = [typeOf(elementType) ?? 'float32', shapes.get(name)!];
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
  const image = imageInput(graph);
  const known = inferShapes(graph);
  const shown = (dims: readonly Dim[]) => `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
  const declared = known.get(image.name);
  if (
    inputShape &&
    declared &&
    !(declared.length === inputShape.length && declared.every((dim, at) => fits(dim, inputShape[at])))
  ) {
    throw new EngineError(
      'InvalidSettings',
      `input size ${shown(inputShape)} does not fit input ${image.name}, which takes ${shown(declared)}`,
    );
  }
  const symbols = new Map<Dim, number>();
  declared?.forEach((dim, at) => inputShape && typeof dim === 'string' && symbols.set(dim, inputShape[at]));
  const open = (dim: Dim, axis: number) => symbols.get(dim) ?? (axis ? undefined : batch);
  return new Map(
    graph.inputs.map(({ name }) => {
      const dims = name === image.name && inputShape ? inputShape : known.get(name);
      const shape = dims?.map((dim, at) => (typeof dim === 'number' ? dim : open(dim, at)));
      if (shape?.every((size) => size !== undefined)) return [name, shape];
      throw new EngineError(
        'InvalidSettings',
        `the size of input ${name} is ${dims ? shown(dims) : 'not in the model'}: give the image input's whole size (--input-size 1x3x224x224)`,
      );
    }),
  );
}
