import { layersOf, macsOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { costModel } from '../../../engine/pruning/cost';
import { int64s } from '../../../engine/tensor/tensor';
import { digitsModel } from '../../support/paths';
import { expectPruned, groupsIn, Network, randomPlan } from './network';
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
