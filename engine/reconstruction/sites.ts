import { floatOf, intOf } from '../onnx/node-attributes';
import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { groupsOf, type Window } from '../onnx/window';
import { floats, type FloatTensor, isFloat, sizeOf, type Tensor } from '../tensor/tensor';
import { patchAt, valuesAt } from './patches';

/** Location of a layer's bias: an input of a node, which may have none yet. */
export interface BiasPlace {
  readonly node: Node;
  readonly index: number;
}

/**
 * A layer as a linear map of what it reads at one output position: `groups` maps side by side, each from `channels` of
 * `taps` numbers to `outputs`.
 */
export interface Site {
  readonly layer: Layer;
  readonly input: string;
  readonly output: string;
  readonly groups: number;
  readonly channels: number;
  readonly taps: number;
  readonly outputs: number;
  /** Output positions of an image. */
  readonly height: number;
  readonly width: number;
  /** undefined if the layer can have none. */
  readonly bias: BiasPlace | undefined;
  /** True if the weight is [channels, outputs] instead of [outputs, channels, …]. */
  readonly transposed: boolean;
  /** Reads what the layer sees of input channels `channels` at a position. */
  patch(
    input: Tensor,
    image: number,
    y: number,
    x: number,
    channels: readonly number[],
    out: Float64Array,
  ): void;
  /** Reads all outputs at a position [groups·outputs]. */
  values(output: Tensor, image: number, y: number, x: number, out: Float32Array): void;
}

/** Describes a layer as a linear map; returns the reason in words if it cannot be refitted. */
export function siteOf(graph: Graph, layer: Layer, shapes: Shapes): Site | string {
  const { node, dims } = layer;
  if (graph.constantType(layer.weight) !== 'float32') return 'its weight is not float32';
  const output = shapes.get(node.output[0]);
  if (!output?.slice(1).every((dim) => typeof dim === 'number')) return 'the size of its output is not known';
  const sizes = output.slice(1) as number[];
  const input = node.input.find((value) => value !== layer.weight)!;
  const common = { layer, input, output: node.output[0] };
  if (node.opType === 'Conv') {
    const window = layer.window && plane(layer.window);
    if (!window || dims.length > 4) return 'it is a convolution over three axes';
    const groups = groupsOf(node);
    const [height, width] = dims.length === 3 ? [1, sizes[1]] : sizes.slice(1);
    return {
      ...common,
      groups,
      channels: dims[1],
      taps: window.kernel[0] * window.kernel[1],
      outputs: dims[0] / groups,
      height,
      width,
      bias: { node, index: 2 },
      transposed: false,
      patch: (input, image, y, x, channels, out) => patchAt(input, window, image, y, x, out, channels),
      values: valuesAt,
    };
  }
  if (node.opType === 'Gemm') {
    if (floatOf(node, 'alpha', 1) !== 1 || floatOf(node, 'beta', 1) !== 1)
      return 'its alpha or beta is not 1';
    const transposed = intOf(node, 'transB', 0) === 0;
    return { ...common, ...rows(dims, transposed, [sizes[0]]), bias: { node, index: 2 } };
  }
  if (node.opType !== 'MatMul') return `it is a ${node.opType}`;
  if (layer.weight === node.input[1])
    return { ...common, ...rows(dims, true, sizes), bias: addedTo(graph, node, [dims[1]]) };
  if (sizes.length !== 2) return 'its weight is the left factor of a product over more than one axis';
  return { ...common, ...columns(dims, sizes[1]), bias: addedTo(graph, node, [dims[0], 1]) };
}

/** Describes a matrix [outputs, channels] over the second to last axis: for [N, C, L] every column is a position. */
function columns([outputs, channels]: readonly number[], width: number) {
  const pointwise: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  return {
    groups: 1,
    channels,
    taps: 1,
    outputs,
    height: 1,
    width,
    transposed: false,
    patch: ((input, image, y, x, own, out) =>
      patchAt(input, pointwise, image, y, x, out, own)) satisfies Site['patch'],
    values: valuesAt,
  };
}

/** Describes a one-axis window as one over a single row. */
function plane(window: Window): Window | undefined {
  const { kernel, strides, dilations, pads } = window;
  if (kernel.length === 2) return window;
  if (kernel.length !== 1) return undefined;
  return {
    kernel: [1, kernel[0]],
    strides: [1, strides[0]],
    dilations: [1, dilations[0]],
    pads: [0, pads[0], 0, pads[1]],
  };
}

/** Describes a matrix over the last axis: for [N, …, C] every row is a position. */
function rows(dims: readonly number[], transposed: boolean, sizes: readonly number[]) {
  const [channels, outputs] = transposed ? dims : [dims[1], dims[0]];
  const width = sizes.slice(0, -1).reduce((a, b) => a * b, 1);
  const start = (tensor: Tensor, image: number, x: number) => (image * width + x) * tensor.dims.at(-1)!;
  const shape = { groups: 1, channels, taps: 1, outputs, height: 1, width, transposed };
  return {
    ...shape,
    patch: ((input, image, _, x, own, out) => {
      const from = start(input, image, x);
      own.forEach((channel, at) => (out[at] = (input.data as Float32Array)[from + channel]));
    }) satisfies Site['patch'],
    values: ((output, image, _, x, out) => {
      const from = start(output, image, x);
      out.set((output.data as Float32Array).subarray(from, from + outputs));
    }) satisfies Site['values'],
  };
}

/** Finds the constant that an Add adds to a MatMul's result, one number per output: its last dimensions are `dims`. */
function addedTo(graph: Graph, node: Node, dims: readonly number[]): BiasPlace | undefined {
  const readers = graph.uses(node.output[0]);
  const [add] = readers;
  if (readers.length !== 1 || add.opType !== 'Add' || add.domain || graph.isOutput(node.output[0]))
    return undefined;
  const index = add.input.findIndex((value) => graph.isConstant(value));
  const constant = graph.constant(add.input[index]);
  const fits =
    constant?.data.length === sizeOf(dims) && constant.dims.slice(-dims.length).join() === dims.join();
  return fits && isFloat(constant) ? { node: add, index } : undefined;
}

/** Returns the weights of one group as a matrix [outputs, channels·taps]. */
export function matrixOf({ data }: FloatTensor, site: Site, group: number): Float64Array {
  const { outputs, channels, taps, transposed } = site;
  const size = outputs * channels * taps;
  if (!transposed) return Float64Array.from(data.subarray(group * size, (group + 1) * size));
  return Float64Array.from(
    { length: size },
    (_, at) => data[(at % channels) * outputs + Math.floor(at / channels)],
  );
}

/** Undoes `matrixOf`, over all groups. */
export function weightOf(
  matrices: readonly Float64Array[],
  { layer, outputs, transposed }: Site,
): FloatTensor {
  const weight = floats(layer.dims);
  if (!transposed) {
    matrices.forEach((matrix, group) => weight.data.set(matrix, group * matrix.length));
    return weight;
  }
  const [matrix] = matrices;
  const channels = matrix.length / outputs;
  weight.data.forEach(
    (_, at) => (weight.data[at] = matrix[(at % outputs) * channels + Math.floor(at / outputs)]),
  );
  return weight;
}
