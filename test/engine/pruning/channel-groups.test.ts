import { assumeSizes } from '../../../engine/onnx/input-size';
import { layersOf, macsOf } from '../../../engine/onnx/layers';
import { openModel, prepare } from '../../../engine/onnx/open-model';
import { costModel } from '../../../engine/pruning/cost';
import { maskChannels } from '../../../engine/pruning/mask';
import { int64s } from '../../../engine/tensor/tensor';
import { distance, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';
import { expectPruned, groupsIn, Network, outputsOf, randomPlan } from './network';
import { networks } from './networks';

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
      'normalization over all channels as one group',
      (net, x) =>
        net.op('Reshape', [
          net.op(
            'InstanceNormalization',
            [net.op('Reshape', [x, net.ints(0, 1, -1)], {}, 'whole'), net.random(1), net.random(1)],
            {},
            'n',
          ),
          net.ints(0, 4, 8, 8),
        ]),
      'InstanceNormalization n: it normalizes over channels',
    ],
    [
      'groups of channels that are normalized and read otherwise too',
      (net, x) => {
        const parts = net.op('Reshape', [x, net.ints(0, 2, -1)], {}, 'parts');
        const normal = net.op('InstanceNormalization', [parts, net.random(2), net.random(2)], {}, 'n');
        return net.op('Reshape', [net.op('Add', [normal, parts], {}, 'sum'), net.ints(0, 4, 8, 8)]);
      },
      'InstanceNormalization n: it normalizes over channels',
    ],
    [
      'channels taken in steps',
      (net, x) => {
        const every = net.op('Slice', [x, net.ints(0), net.ints(4), net.ints(1), net.ints(2)], {}, 'n');
        return net.op('Concat', [every, every], { axis: 1 });
      },
      'Slice n: it takes only every few channels (a step other than 1)',
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
      { name: 'many', why: 'it has only one input channel' },
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

describe('sizes that were only assumed', () => {
  const open = ['batch', 3, 'height', 'width'];
  const sizeOf = (net: Network, shape: string, axis: number) =>
    net.op('Slice', [shape, net.ints(axis), net.ints(axis + 1), net.ints(0)]);
  /** A graph opened for 8x8. */
  const opened = (net: Network, ...outputs: string[]) => {
    const graph = net.graph(...outputs);
    prepare(graph);
    assumeSizes(graph, [1, 3, 8, 8]);
    return graph;
  };
  const joined = (net: Network, ...parts: string[]) => net.op('Concat', parts, { axis: 0 });

  it.each<[string, (net: Network, x: string, size: (axis: number) => string) => string]>([
    [
      'a channel shuffle',
      (net, x, size) => {
        const parts = net.op('Reshape', [x, joined(net, size(0), net.ints(2, 4), size(2), size(3))]);
        const turned = net.op('Transpose', [parts], { perm: [0, 2, 1, 3, 4] });
        return net.op('Reshape', [turned, joined(net, size(0), size(1), size(2), size(3))]);
      },
    ],
    [
      'a computed enlargement',
      (net, x, size) => {
        const twice = (axis: number) => net.op('Mul', [size(axis), net.ints(2)]);
        return net.op('Resize', [x, '', '', joined(net, size(0), size(1), twice(2), twice(3))]);
      },
    ],
    [
      'padding to twice the size',
      (net, x, size) => net.op('Pad', [x, joined(net, net.ints(0, 0, 1, 1, 0, 0), size(2), size(3))]),
    ],
  ])('are not written into the pruned model: %s', async (_, between) => {
    const net = new Network(1, open);
    const a = net.conv('x', 3, 8, { name: 'a' });
    const shape = net.op('Shape', [a]);
    const b = net.conv(
      between(net, a, (axis) => sizeOf(net, shape, axis)),
      8,
      5,
      { name: 'b' },
    );
    const graph = opened(net, net.head(b, 5));
    const found = groupsIn(graph);
    expect(found.groups.map(({ name }) => name)).toEqual(['b', 'head']);
    const plan = found.groups.map(({ channels }) => [...Array(channels - 1).keys()]);
    const pruned = await expectPruned(graph, found, plan);
    const masked = graph.clone();
    for (const [name, tensor] of maskChannels(graph, found, plan)) masked.setConstant(name, tensor);
    const other = randoms([3, 3, 10, 4], 2);
    const [[small], [whole]] = [await outputsOf(pruned, other), await outputsOf(masked, other)];
    expect(distance(small, whole)).toBeLessThan(1e-4);
  });

  it('leave the shape of a flattened image open', async () => {
    const net = new Network(1, open);
    const flat = net.op('Reshape', [net.conv('x', 3, 4), net.ints(0, -1)]);
    const graph = opened(net, net.op('Gemm', [flat, net.random(4 * 36, 3)], {}, 'g'));
    assumeSizes(graph, [1, 3, 6, 6]);
    const found = groupsIn(graph);
    expect(found.groups.map(({ name, channels }) => [name, channels])).toEqual([['g', 4]]);
    await expectPruned(graph, found, [[0, 2]]);
  });

  it('keep channels that are counted in a size that goes on being computed, or cut where it is not known', () => {
    const why = (graph: ReturnType<typeof opened>) =>
      groupsIn(graph).frozen.find(({ name }) => name === 'b')?.why;
    const start = () => {
      const net = new Network(1, open);
      const a = net.conv('x', 3, 3, { name: 'a' });
      const shape = net.op('Shape', [a]);
      return { net, a, size: (axis: number) => sizeOf(net, shape, axis) };
    };
    const counted = start();
    const rows = counted.net.op('Mul', [counted.size(1), counted.size(2)]);
    const target = joined(counted.net, counted.size(0), counted.size(3), rows);
    const turned = counted.net.op('Reshape', ['x', target], {}, 'r');
    const b = counted.net.conv(counted.a, 3, 4, { name: 'b' });
    expect(why(opened(counted.net, counted.net.head(b, 4), turned))).toBe(
      'Reshape r computes with the number of channels',
    );
    const { net, a, size } = start();
    const ends = joined(net, net.ints(3), net.op('Sub', [size(2), net.ints(1)]));
    const cut = net.op('Slice', [a, net.ints(1, 0), ends, net.ints(1, 2)], {}, 's');
    expect(why(opened(net, net.head(net.conv(cut, 2, 4, { name: 'b' }), 4)))).toBe(
      'Slice s: its bounds depend on the input size',
    );
  });
});
