import { layersOf, macsOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { costModel } from '../../../engine/pruning/cost';
import { int64s } from '../../../engine/tensor/tensor';
import { digitsModel } from '../../support/paths';
import { expectPruned, groupsIn, Network, ones, randomPlan } from './network';

/** Networks of one idea each: how they are built, and the groups they have as name → channels. */
const networks: Record<string, [build: () => ReturnType<Network['graph']>, groups: Record<string, number>]> =
  {
    'a residual block: the skip ties what its convolutions make': [
      () => {
        const net = new Network();
        const a = net.relu(net.conv('x', 3, 6, { name: 'a' }));
        const b = net.relu(net.conv(a, 6, 5, { name: 'b' }));
        const c = net.conv(b, 5, 6, { name: 'c' });
        return net.graph(net.head(net.relu(net.op('Add', [a, c])), 6));
      },
      { b: 6, c: 5 },
    ],
    'concatenated branches: each is its own part of the next input': [
      () => {
        const net = new Network();
        const [a, b] = [net.conv('x', 3, 4, { name: 'a' }), net.conv('x', 3, 6, { name: 'b' })];
        return net.graph(net.head(net.conv(net.op('Concat', [a, b], { axis: 1 }), 10, 4, { name: 'c' }), 4));
      },
      { 'c[0-3]': 4, 'c[4-9]': 6, head: 4 },
    ],
    'a channel shuffle, its parts of different destinations': [
      () => {
        const net = new Network();
        const [a, b] = [net.conv('x', 3, 4), net.conv('x', 3, 4)];
        const both = net.op('Concat', [a, b], { axis: 1 });
        const parts = net.op('Reshape', [both, net.ints(0, 2, 4, 8, 8)]);
        const turned = net.op('Transpose', [parts], { perm: [0, 2, 1, 3, 4] });
        const mixed = net.op('Reshape', [turned, net.ints(-1, 8, 8, 8)]);
        net.nodes.push({
          op: 'Split',
          inputs: [mixed, net.ints(4, 4)],
          outputs: ['left', 'right'],
          attributes: { axis: 1 },
        });
        const c = net.conv(net.conv('right', 4, 4, { group: 4, name: 'depthwise' }), 4, 4, { name: 'c' });
        return net.graph(net.head(net.op('Concat', ['left', c], { axis: 1 }), 8));
      },
      { c: 2, 'head[0-3]': 2, 'head[4-7]': 4 },
    ],
    'squeeze and excite with a gate that is broadcast': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 6, { name: 'a' });
        const pooled = net.op('ReduceMean', [a, net.ints(2, 3)]);
        const squeezed = net.relu(net.conv(pooled, 6, 4, { size: 1, name: 'squeeze' }));
        const gate = net.op('Sigmoid', [net.conv(squeezed, 4, 6, { size: 1, name: 'excite' })]);
        return net.graph(net.head(net.op('Mul', [a, gate]), 6));
      },
      { squeeze: 6, excite: 4 },
    ],
    'a grouped convolution of wide groups: each group loses the same channels': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 8);
        return net.graph(net.head(net.conv(a, 8, 12, { group: 2, name: 'grouped' }), 12));
      },
      { grouped: 4, head: 6 },
    ],
    'a grouped convolution of many groups: whole groups go': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 8);
        return net.graph(net.head(net.conv(a, 8, 16, { group: 4, name: 'grouped' }), 16));
      },
      { head: 4 },
    ],
    'depthwise with two filters a channel': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 4);
        return net.graph(net.head(net.relu(net.conv(a, 4, 8, { group: 4 })), 8));
      },
      { head: 4 },
    ],
    'Flatten before Gemm: a channel is a stretch of inputs': [
      () => {
        const net = new Network();
        const a = net.op('MaxPool', [net.conv('x', 3, 4)], { kernel_shape: [4, 4], strides: [4, 4] });
        return net.graph(net.op('Gemm', [net.op('Flatten', [a]), net.random(16, 3)], {}, 'fc'));
      },
      { fc: 4 },
    ],
    'NHWC transposes around convolutions, the bias by Add, a MatMul head': [
      () => {
        const net = new Network(1, ['batch', 8, 8, 3]);
        const conv = (x: string, from: number, to: number, name: string) => {
          const first = net.op('Transpose', [x], { perm: [0, 3, 1, 2] });
          const y = net.op('Conv', [first, net.random(to, from, 1, 1)], {}, name);
          return net.relu(net.op('Add', [net.op('Transpose', [y], { perm: [0, 2, 3, 1] }), net.random(to)]));
        };
        const y = net.op('ReduceMean', [conv(conv('x', 3, 4, 'a'), 4, 6, 'b'), net.ints(1, 2)], {
          keepdims: 0,
        });
        return net.graph(net.op('Add', [net.op('MatMul', [y, net.random(6, 3)], {}, 'fc'), net.random(3)]));
      },
      { b: 4, fc: 6 },
    ],
    'a shortcut padded with zero channels': [
      () => {
        const net = new Network();
        const a = net.relu(net.conv('x', 3, 4, { name: 'a' }));
        const b = net.conv(a, 4, 8, { name: 'b' });
        const wide = net.op('Pad', [a, net.ints(0, 2, 0, 0, 0, 2, 0, 0)]);
        return net.graph(net.head(net.op('Add', [wide, b]), 8));
      },
      { b: 4, 'head[0-7]': 4 },
    ],
    'transposed convolutions, depthwise and grouped ones among them': [
      () => {
        const net = new Network();
        const up = (x: string, channels: number, each: number, group: number, name: string) =>
          net.op(
            'ConvTranspose',
            [x, net.random(channels, each, 2, 2), net.random(each * group)],
            { group, strides: [2, 2] },
            name,
          );
        const a = net.conv('x', 3, 6, { name: 'a' });
        const b = up(up(a, 6, 1, 6, 'depthwise'), 6, 4, 1, 'whole');
        return net.graph(
          net.head(net.relu(up(b, 4, 3, 1, 'c')), 3),
          net.head(up(a, 6, 4, 2, 'halves'), 8, 'other'),
        );
      },
      { whole: 3, c: 4, head: 3, other: 4 },
    ],
    'channels to space and back': [
      () => {
        const net = new Network();
        const a = net.op('DepthToSpace', [net.conv('x', 3, 16)], { blocksize: 2 });
        const b = net.op('DepthToSpace', [net.conv(a, 4, 12, { name: 'b' })], { blocksize: 2, mode: 'CRD' });
        const c = net.op('SpaceToDepth', [net.conv(b, 3, 4, { name: 'c' })], { blocksize: 2 });
        return net.graph(net.head(c, 16));
      },
      { b: 4, c: 3, head: 4 },
    ],
    'slices, gathers and a constant joined to channels': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 8);
        const first = net.op('Slice', [a, net.ints(0), net.ints(4), net.ints(1)]);
        const picked = net.op('Gather', [a, net.ints(7, 4, 5)], { axis: 1 });
        const grid = net.random(1, 2, 8, 8);
        const wide = net.op(
          'Concat',
          [net.op('Add', [first, grid.replace(grid, net.random(1, 1, 8, 8))]), picked],
          {
            axis: 1,
          },
        );
        return net.graph(net.head(wide, 7));
      },
      { 'head[0-3]': 4, 'head[4-6]': 3 },
    ],
    'normalizations and parameters that an optimizer merged': [
      () => {
        const net = new Network();
        const shared = net.random(6);
        const norm = (x: string) =>
          net.op('BatchNormalization', [x, shared, shared, shared, net.constant(ones(6))]);
        const a = net.relu(norm(net.conv('x', 3, 6)));
        const b = net.op('PRelu', [norm(net.conv(a, 6, 6, { name: 'b' })), net.random(6, 1, 1)]);
        const c = net.op('InstanceNormalization', [b, net.random(6), net.random(6)]);
        return net.graph(net.head(net.op('Clip', [net.op('Mul', [c, net.random(1, 6, 1, 1)])]), 6));
      },
      { b: 6, head: 6 },
    ],
    'one weight at two scales': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 6, { name: 'a' });
        const b = net.conv(a, 6, 6, { name: 'b' });
        const [w, bias, v] = [net.random(4, 6, 3, 3), net.random(4), net.random(2, 4, 1, 1)];
        const tower = (x: string) => net.op('Conv', [net.op('Conv', [x, w, bias]), v]);
        return net.graph(tower(a), tower(b));
      },
      { b: 6, Conv9: 4 },
    ],
    'tensors filled after the shape of channels': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 4);
        const shape = net.op('Shape', [a]);
        const zeros = net.op('ConstantOfShape', [shape]);
        const half = net.op('Expand', [net.random(1), shape]);
        return net.graph(net.head(net.op('Concat', [net.op('Mul', [a, half]), zeros], { axis: 1 }), 8));
      },
      { 'head[0-3]': 4 },
    ],
    'shapes computed while running': [
      () => {
        const net = new Network();
        const a = net.conv('x', 3, 8);
        const at = (index: number) => net.op('Gather', [net.op('Shape', [a]), net.ints(index)]);
        const half = net.op('Div', [at(1), net.ints(2)]);
        const parts = net.op('Concat', [at(0), net.ints(2), half, at(2), at(3)], { axis: 0 });
        const turned = net.op('Transpose', [net.op('Reshape', [a, parts])], { perm: [0, 2, 1, 3, 4] });
        const back = net.op('Concat', [at(0), at(1), at(2), at(3)], { axis: 0 });
        return net.graph(net.head(net.op('Reshape', [turned, back]), 8));
      },
      { head: 4 },
    ],
    'one-dimensional convolutions and their sequence': [
      () => {
        const net = new Network(1, ['batch', 3, 12]);
        const a = net.relu(net.op('Conv', ['x', net.random(6, 3, 3)]));
        const b = net.op('Conv', [a, net.random(4, 6, 3)], {}, 'b');
        const turned = net.op('Transpose', [b], { perm: [0, 2, 1] });
        return net.graph(net.op('MatMul', [turned, net.random(4, 5)], {}, 'fc'));
      },
      { b: 6, fc: 4 },
    ],
  };

describe.each(Object.entries(networks))('%s', (_, [build, expected]) => {
  it('has its groups', () => {
    const found = groupsIn(build());
    expect(Object.fromEntries(found.groups.map(({ name, channels }) => [name, channels]))).toEqual(expected);
  });

  it.each([1, 2, 3])(
    'computes the same pruned and masked, and costs what was predicted (%d)',
    async (seed) => {
      const graph = build();
      const found = groupsIn(graph);
      await expectPruned(graph, found, randomPlan(found, seed), seed);
    },
  );
});

describe('what stays, and why', () => {
  /** conv a → `between` → conv b → head. */
  const around = (
    between: (net: Network, x: string) => string,
    more: (net: Network, x: string) => string[] = () => [],
  ) => {
    const net = new Network();
    const a = net.conv('x', 3, 4, { name: 'a' });
    const b = net.conv(between(net, a), 4, 4, { name: 'b' });
    return net.graph(net.head(b, 4), ...more(net, a));
  };
  const why = (graph: ReturnType<typeof around>) =>
    groupsIn(graph).frozen.find(({ name }) => name === 'b')?.why;

  it.each<[string, (net: Network, x: string) => string, string]>([
    ['an unknown operator', (net, x) => net.op('Foo', [x], {}, 'n') && x, 'operator Foo (node n) is unknown'],
    [
      'a softmax over channels',
      (net, x) => net.op('Softmax', [x], { axis: 1 }, 'n'),
      'Softmax n: it mixes channels',
    ],
    [
      'local response normalization',
      (net, x) => net.op('LRN', [x], { size: 3 }, 'n'),
      'operator LRN (node n) is unknown',
    ],
    [
      'a mean over channels',
      (net, x) => net.op('Sub', [x, net.op('ReduceMean', [x, net.ints(1)], {}, 'n')]),
      'ReduceMean n: it mixes channels',
    ],
    [
      'group normalization by reshaped instances',
      (net, x) =>
        net.op('Reshape', [
          net.op(
            'InstanceNormalization',
            [net.op('Reshape', [x, net.ints(0, 2, -1)], {}, 'parts'), net.random(2), net.random(2)],
            {},
            'n',
          ),
          net.ints(0, 4, 8, 8),
        ]),
      'channels lie along axis 2 of Reshape7, not 1',
    ],
    [
      'channels taken in steps',
      (net, x) => {
        const every = net.op('Slice', [x, net.ints(0), net.ints(4), net.ints(1), net.ints(2)], {}, 'n');
        return net.op('Concat', [every, every], { axis: 1 });
      },
      'Slice n: it takes channels in steps',
    ],
    [
      'the number of channels as a factor',
      (net, x) => {
        const count = net.op('Cast', [net.op('Gather', [net.op('Shape', [x]), net.ints(1)])], { to: 1 });
        return net.op('Mul', [x, net.op('Sqrt', [count], {}, 'n')]);
      },
      'Sqrt n computes with the number of channels',
    ],
  ])('%s', (_, between, expected) => expect(why(around(between))).toBe(expected));

  it('channels that the model gives as an output', () => {
    expect(
      why(
        around(
          (net, x) => net.relu(x),
          (_, x) => [x],
        ),
      ),
    ).toBe("its channels reach the model's output a");
  });

  it('the model’s input, a single channel, and filters that all read one', () => {
    const net = new Network();
    const one = net.conv('x', 3, 1, { name: 'one' });
    const many = net.conv(one, 1, 4, { name: 'many' });
    const { frozen } = groupsIn(net.graph(net.head(net.op('Mul', [many, one]), 4)));
    expect(frozen).toEqual([
      { name: 'one', why: "x is the model's input" },
      { name: 'many', why: 'it has one input channel' },
    ]);
  });

  it('attention: the product of two values that depend on the input', () => {
    const net = new Network(1, ['batch', 4, 6]);
    const [q, k] = [net.op('MatMul', ['x', net.random(6, 5)]), net.op('MatMul', ['x', net.random(6, 5)])];
    const scores = net.op('MatMul', [q, net.op('Transpose', [k], { perm: [0, 2, 1] })]);
    expect(groupsIn(net.graph(scores)).groups).toEqual([]);
  });

  it('never throws on operators of unexpected form', () => {
    for (const op of [
      'Reshape',
      'Concat',
      'Slice',
      'Split',
      'Pad',
      'Expand',
      'Gather',
      'Resize',
      'Gemm',
      'Flatten',
      'Tile',
    ]) {
      const net = new Network();
      net.op('Conv', ['x', net.random(4, 3, 1, 1)], {}, 'a');
      const graph = net.graph(net.op(op, ['a', 'x']));
      expect(groupsIn(graph).groups).toEqual([]);
    }
  });
});

describe('the digits model', () => {
  it.each(['', 'bn.', 'dynamo.'] as const)('as resnet20-digits.%sonnx', async (name) => {
    const graph = openModel(digitsModel(name));
    const found = groupsIn(graph);
    expect(found.groups.filter(({ aimet }) => aimet)).toHaveLength(9);
    expect(found.groups).toHaveLength(12); // and the three stages' skips
    await expectPruned(graph, found, randomPlan(found, 4));
    const layers = layersOf(graph);
    const half = costModel(graph, layers, found)(found.groups.map(({ channels }) => channels / 2)).macs;
    expect(half / macsOf(graph)).toBeLessThan(0.3);
  });
});

it('a constant that others read too is copied for those that change', async () => {
  const net = new Network();
  const bias = net.random(4);
  const conv = (x: string, from: number) => net.op('Conv', [x, net.random(4, from, 1, 1), bias]);
  const graph = net.graph(net.op('GlobalMaxPool', [conv(conv('x', 3), 4)]));
  const found = groupsIn(graph);
  const pruned = await expectPruned(graph, found, [[0, 2]]);
  expect(pruned.constant(bias)!.dims).toEqual([4]);
});

it('where the batch and the size are open, shapes stay so', async () => {
  const net = new Network(1, ['batch', 3, 8, 8]);
  const a = net.conv('x', 3, 4);
  const at = (index: number) => net.op('Gather', [net.op('Shape', [a]), net.ints(index)]);
  const sizes = net.op('Concat', [at(0), at(1), net.constant(int64s([16, 16]))], { axis: 0 });
  const wide = net.op('Resize', [a, '', '', sizes], { mode: 'nearest' });
  const graph = net.graph(net.head(net.op('Expand', [wide, net.op('Shape', [wide])]), 4));
  const found = groupsIn(graph);
  expect(found.groups).toHaveLength(1);
  await expectPruned(graph, found, [[1, 2]]);
});
