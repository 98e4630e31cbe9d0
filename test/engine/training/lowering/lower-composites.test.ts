import { create } from '@bufbuild/protobuf';

import type { AttributeValue } from '../../../../engine/onnx/node-attributes';
import { declare } from '../../../../engine/onnx/extract';
import { Graph, makeNode } from '../../../../engine/onnx/graph';
import { ModelProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { Session } from '../../../../engine/runtime/session';
import { floats, type FloatTensor, sizeOf } from '../../../../engine/tensor/tensor';
import { backward } from '../../../../engine/training/gradients/backward';
import { lowerToBlocks } from '../../../../engine/training/lowering/blocked';
import { probeBlock } from '../../../../engine/training/lowering/probe';
import { Builder } from '../../../../engine/training/emit/builder';
import { compositeDomain } from '../../../../engine/training/emit/composites';
import { distance, floatsOf } from '../support';

interface Case {
  readonly op: string;
  readonly attributes: Record<string, AttributeValue>;
  readonly x: number[];
  readonly weight?: number[];
  readonly y: number[];
  /** The composites that its gradients are made of. */
  readonly composites: string[];
}

/** Numbers of no pattern, the same each time; where they are few, there are equal ones among neighbours. */
const numbers = (dims: readonly number[], few = false): FloatTensor => {
  const value = (at: number) => Math.sin(at * at + dims.length);
  return floats(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, at) => (few ? Math.round(2 * value(at)) : value(at))),
  );
};

async function gradientsOf({ op, attributes, x, weight, y }: Case, block?: number) {
  const dims = new Map(Object.entries({ x, ...(weight && { weight }), y, dy: y }));
  const inputs = weight ? ['x', 'weight'] : ['x'];
  const node = makeNode({ op, inputs, outputs: ['y'], attributes });
  const opsets = [{ domain: '', version: 18n }];
  const graph = new Graph(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: opsets,
      graph: { name: op, node: [node], input: inputs.map((name) => declare(name, dims.get(name))) },
    }),
  );
  const builder = new Builder(18, undefined, block !== undefined);
  builder.nodes.push(node);
  const shapeOf = (value: string) => dims.get(value) ?? [];
  const found = backward(builder, { graph, nodes: [node], shapeOf }, new Map([['y', 'dy']]), inputs);
  const results = inputs.map((name) => builder.op('Identity', [found.get(name)!], {}, `d${name}`));
  const composites = builder.nodes.filter(({ domain }) => domain === compositeDomain);
  if (block) {
    const dimsOf = (value: string) =>
      dims.get(value) ?? builder.shapes.get(value) ?? builder.rearranged.get(value)?.dims;
    lowerToBlocks(builder, { block, results: ['y', ...results], dimsOf });
  }
  const model = builder.build({
    irVersion: 8n,
    opsets: graph.model.opsetImport,
    inputs: [...inputs, 'dy'].map((name) => declare(name, dims.get(name))),
    outputs: ['y', ...results].map((name) => declare(name)),
  });
  const session = await Session.open(model, { threads: 1 });
  const feeds = { x: numbers(x, !weight), ...(weight && { weight: numbers(weight) }), dy: numbers(y) };
  const values = await session.run(feeds);
  await session.close();
  return { values, composites: composites.map(({ opType }) => opType) };
}

const [depthwise, phases, pool] = ['DepthwiseWeightGradient', 'Interleave', 'MaxPoolGradient'];

const conv = (
  [N, C, H, W]: number[],
  [K, perGroup, R, S]: number[],
  { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] },
  composites: string[],
): Case => {
  const along = (size: number, axis: number, kernel: number) =>
    Math.floor((size + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel - 1) - 1) / strides[axis]) + 1;
  const attributes = { kernel_shape: [R, S], strides, pads, dilations, group: C / perGroup };
  const y = [N, K, along(H, 0, R), along(W, 1, S)];
  return { op: 'Conv', attributes, x: [N, C, H, W], weight: [K, perGroup, R, S], y, composites };
};

const maxPool = (x: number[], kernel: number[], strides: number[], composites: string[]): Case => {
  const along = (axis: 0 | 1) => Math.floor((x[axis + 2] - kernel[axis]) / strides[axis]) + 1;
  const attributes = { kernel_shape: kernel, strides };
  return { op: 'MaxPool', attributes, x, y: [x[0], x[1], along(0), along(1)], composites };
};

const [one, two] = [
  { strides: [1, 1], pads: [1, 1, 1, 1] },
  { strides: [2, 2], pads: [1, 1, 1, 1] },
];

const cases: Record<string, Case> = {
  'depthwise, a full block': conv([3, 16, 6, 5], [16, 1, 3, 3], one, [depthwise]),
  'depthwise, channels that fill no block': conv([3, 21, 6, 5], [21, 1, 3, 3], one, [depthwise]),
  'depthwise, stride 2': conv([2, 5, 8, 6], [5, 1, 3, 3], two, [phases, depthwise]),
  'depthwise, stride 2, planes of odd size': conv([2, 5, 7, 9], [5, 1, 3, 3], two, [depthwise]),
  'depthwise, dilated, unlike pads': conv(
    [2, 6, 9, 8],
    [6, 1, 3, 2],
    { dilations: [2, 3], pads: [1, 0, 3, 2] },
    [depthwise],
  ),
  'depthwise, a row past the last window': conv([2, 6, 9, 8], [6, 1, 2, 2], { strides: [3, 2] }, [phases]),
  'depthwise, a row that the dilated window would not reach': conv(
    [2, 6, 7, 6],
    [6, 1, 2, 2],
    { strides: [3, 1], dilations: [2, 1] },
    [depthwise],
  ),
  'depthwise, three channels': conv([2, 3, 6, 5], [3, 1, 3, 3], one, []),
  'stride 2': conv([2, 18, 8, 6], [6, 18, 3, 3], two, [phases]),
  'stride 2, one tap: phases of zeros': conv([2, 6, 8, 6], [18, 6, 1, 1], { strides: [2, 2] }, [phases]),
  'stride 2, windows side by side': conv([2, 6, 8, 6], [18, 6, 2, 2], { strides: [2, 2] }, [phases]),
  'stride 3 and 1': conv([2, 6, 9, 5], [7, 6, 5, 3], { strides: [3, 1], pads: [2, 1, 2, 1] }, [phases]),
  'stride 2, unlike pads': conv([2, 6, 8, 8], [7, 6, 3, 3], { strides: [2, 2], pads: [0, 1, 1, 0] }, [
    phases,
  ]),
  'stride 2, planes of odd size': conv([2, 6, 9, 7], [7, 6, 3, 3], two, []),
  'stride 2, two groups': conv([2, 8, 8, 6], [8, 4, 3, 3], two, []),
  'stride 2, three channels': conv([2, 3, 8, 6], [8, 3, 3, 3], two, []),
  'windows of 2x2': maxPool([2, 18, 8, 6], [2, 2], [2, 2], [pool]),
  'windows of 3x1': maxPool([2, 5, 9, 4], [3, 1], [3, 1], [pool]),
  'windows that overlap': maxPool([2, 5, 9, 9], [3, 3], [2, 2], []),
  'windows that leave a row': maxPool([2, 5, 9, 8], [2, 2], [2, 2], []),
};

describe('composites', () => {
  test.each(Object.entries(cases))('%s: as in the plain layout', async (_, example) => {
    const plain = await gradientsOf(example);
    const blocked = await gradientsOf(example, await probeBlock());
    expect(plain.composites).toEqual([]);
    expect(blocked.composites).toEqual((await probeBlock()) ? example.composites : []);
    for (const [name, value] of Object.entries(plain.values)) {
      const apart = distance(floatsOf(blocked.values[name]), floatsOf(value));
      expect({ name, dims: blocked.values[name].dims, close: apart < 1e-5, apart }).toEqual({
        name,
        dims: value.dims,
        close: true,
        apart,
      });
    }
  });
});
