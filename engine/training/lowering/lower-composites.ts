import { create } from '@bufbuild/protobuf';

import { declare } from '../../onnx/extract';
import { intsOf } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { GraphProtoSchema } from '../../onnx/proto/onnx_pb';
import { encodeTensor } from '../../onnx/tensor-proto';
import { Builder } from '../emit/builder';
import type { Shape } from '../emit/batch-shapes';
import { makeLoop } from '../emit/subgraph';
import { table } from '../../table';

/** Tools for writing composites out. */
export interface Blocks {
  readonly builder: Builder;
  /** Channels of a block. */
  readonly block: number;
  /** Operator domain of blocked convolutions. */
  readonly domain: string;
  /** Rounds channels up to whole blocks. */
  readonly up: (channels: number) => number;
  /**
   * Returns the blocked form of a value: written as [N, up(C), H, W], in memory it is [N, up(C)/block, H, W, block].
   */
  readonly inBlocks: (value: string) => string;
  /** Returns the shape of a composite's inputs and output. */
  readonly dims: (value: string) => Shape;
}

/** A composite's result, in blocks or plain. */
export interface Written {
  readonly value: string;
  readonly plain?: boolean;
  /** The convolution whose result it is, which may do more than was asked of it. */
  readonly convolution?: Node;
}

/** Computation of each operator of `compositeDomain` in blocks. */
export const composites = table<(blocks: Blocks, node: Node) => Written>({
  Interleave: (blocks, node) => ({
    value: woven(
      blocks,
      node.input.map((phase) => phase && blocks.inBlocks(phase)),
      node,
    ),
  }),

  /** The mean of each image's planes, and the mean of those. */
  ChannelMean({ builder, domain, dims, inBlocks }, node) {
    const [, channels] = dims(node.input[0]);
    const means = builder.contrib(domain, 'GlobalAveragePool', [inBlocks(node.input[0])]);
    const mean = builder.reshape(builder.reduceMean(means, [0], false), [-1]);
    return { value: builder.slice(mean, [{ axis: 0, start: 0, end: channels }]), plain: true };
  },

  ChannelSize({ builder, up, dims, inBlocks }, node) {
    const size = builder.op('Cast', [builder.op('Size', [inBlocks(node.input[0])])], { to: 1 });
    const channels = up(dims(node.input[0])[1]);
    return { value: builder.op('Div', [size, builder.scalar(channels)]), plain: true };
  },

  /** A depthwise convolution of one tap. */
  ChannelAffine({ builder, domain, up, dims, inBlocks }, node) {
    const [x, scale, shift, sum] = node.input;
    const [, channels] = dims(x);
    const group = up(channels);
    const filled = (vector: string) => builder.pad(vector, [0, group - channels]);
    const inputs = [inBlocks(x), builder.reshape(filled(scale), [group, 1, 1, 1])];
    if (shift || sum) inputs.push(shift && filled(shift));
    if (sum) inputs.push(inBlocks(sum));
    const value = builder.contrib(domain, 'Conv', inputs, { kernel_shape: [1, 1], group });
    return { value, convolution: builder.nodes[builder.nodes.length - 1] };
  },

  /** One row of channels at a time, since a block of them is contiguous while single elements are not. */
  MaxPoolGradient(blocks, node) {
    const { builder, block } = blocks;
    const [x, y, dy] = node.input.map(blocks.inBlocks);
    const [R, S] = intsOf(node, 'kernel_shape')!;
    const [, , , width] = blocks.dims(node.input[1]);
    const windows = builder.reshape(x, [-1, R, width, S * block]);
    const [maximum, gradient] = [y, dy].map((value) => builder.reshape(value, [-1, 1, width, block]));
    let free: string | undefined;
    const shares = Array.from({ length: R * S }, (_, at) => {
      const [row, column] = [Math.floor(at / S), (at % S) * block];
      const part = builder.slice(windows, [
        { axis: 1, start: row, end: row + 1 },
        { axis: 3, start: column, end: column + block },
      ]);
      const equal = builder.op('Equal', [part, maximum]);
      const first = free ? builder.op('And', [equal, free]) : equal;
      const missed = builder.op('Not', [equal]);
      free = free ? builder.op('And', [free, missed]) : missed;
      return builder.op('Where', [first, gradient, builder.scalar(0)]);
    });
    return { value: woven(blocks, shares, node) };
  },

  /**
   * A depthwise convolution over each image, whose kernel is the image's own dY; the images' results are summed. Image
   * and dY already have the memory layout of its input and its weight.
   */
  DepthwiseWeightGradient(blocks, node) {
    const { builder, block, domain, up } = blocks;
    const [channels, , R, S] = blocks.dims(node.output[0]);
    const [x, dy] = node.input.map((value) => ({
      value: blocks.inBlocks(value),
      dims: [up(channels), ...blocks.dims(value).slice(2)],
    }));
    const [group, ...plane] = x.dims;
    const [output] = node.output;
    // Names that no value outside has.
    const [image, gradient, result] = ['image', 'dy', 'dw'].map((name) => `${output} of one ${name}`);
    const body = new Builder(builder.opset, `${output} of one`);
    const input = body.reshape(image, [1, group, ...plane]);
    const kernel = body.reshape(gradient, [group, 1, ...dy.dims.slice(1)]);
    const attributes = Object.fromEntries(
      ['kernel_shape', 'strides', 'dilations', 'pads'].map((name) => [name, intsOf(node, name)]),
    );
    const swept = body.contrib(domain, 'Conv', [input, kernel], { ...attributes, group });
    const size = group * R * S;
    body.op('Reshape', [swept, body.ints([size])], {}, result);
    const each = `${output} each`;
    builder.nodes.push(
      makeLoop(
        'Scan',
        { inputs: [x.value, dy.value], outputs: [each] },
        create(GraphProtoSchema, {
          name: `${output} of images`,
          node: body.nodes,
          initializer: [...body.initializers].map(([name, tensor]) => encodeTensor(name, tensor)),
          input: [declare(image, x.dims), declare(gradient, dy.dims)],
          output: [declare(result, [size])],
        }),
        { num_scan_inputs: 2 },
      ),
    );
    const sum = builder.reshape(builder.reduceSum(each, [0], false), [group / block, R * S, block]);
    const all = builder.reshape(builder.transpose(sum, [0, 2, 1]), [group, 1, R, S]);
    const value = group === channels ? all : builder.slice(all, [{ axis: 0, start: 0, end: channels }]);
    return { value, plain: true };
  },
});

/** Phases in blocks, '' for zeros, as the rows and columns of the composite's result: whole blocks are moved. */
function woven({ builder, block, up, dims }: Blocks, phases: readonly string[], node: Node): string {
  const [, channels, height, width] = dims(node.output[0]);
  const [rows, columns] = (intsOf(node, 'strides') ?? intsOf(node, 'kernel_shape'))!;
  const given = phases.find(Boolean)!;
  let zeros: string | undefined;
  const parts = phases.map((phase) => {
    const value = phase || (zeros ??= builder.op('ConstantOfShape', [builder.op('Shape', [given])]));
    return builder.reshape(value, [-1, block]);
  });
  const lines = Array.from({ length: rows }, (_, row) => {
    const line = builder.concat(parts.slice(row * columns, (row + 1) * columns), 1);
    return builder.reshape(line, [-1, width * block]);
  });
  return builder.reshape(builder.concat(lines, 1), [-1, up(channels), height, width]);
}
