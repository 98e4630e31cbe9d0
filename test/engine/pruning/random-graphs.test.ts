import fc from 'fast-check';

import { Random } from '../../../engine/data/random';
import { expectPruned, groupsIn, Network, randomPlan } from './network';

/** A value under construction, [N, channels, 8, 8]. */
interface Value {
  readonly name: string;
  readonly channels: number;
}

/** Steps by which a random network grows from the values it has; one that does not fit them gives none. */
const steps: ((net: Network, random: Random, pick: () => Value) => Value | undefined)[] = [
  (net, random, pick) => {
    const [x, channels] = [pick(), 2 * (1 + random.below(4))];
    return {
      name: net.relu(net.conv(x.name, x.channels, channels, { size: 1 + 2 * random.below(2) })),
      channels,
    };
  },
  (net, _, pick) => {
    const [a, b] = [pick(), pick()];
    if (a.channels !== b.channels) return undefined;
    return { name: net.op('Add', [a.name, b.name]), channels: a.channels };
  },
  (net, _, pick) => {
    const [a, b] = [pick(), pick()];
    return { name: net.op('Concat', [a.name, b.name], { axis: 1 }), channels: a.channels + b.channels };
  },
  (net, random, pick) => {
    const { name, channels } = pick();
    const parts = [`${name}.${random.below(1e9)}`, `${name}.${random.below(1e9)}`];
    const cut = 1 + random.below(channels - 1);
    net.nodes.push({
      op: 'Split',
      inputs: [name, net.ints(cut, channels - cut)],
      outputs: parts,
      attributes: { axis: 1 },
    });
    return random.below(2) ? { name: parts[0], channels: cut } : { name: parts[1], channels: channels - cut };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    if (channels % 2) return undefined;
    const parts = net.op('Reshape', [name, net.ints(0, 2, channels / 2, 8, 8)]);
    const turned = net.op('Transpose', [parts], { perm: [0, 2, 1, 3, 4] });
    return { name: net.op('Reshape', [turned, net.ints(0, channels, 8, 8)]), channels };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    const pooled = net.op('GlobalAveragePool', [name]);
    const inner = net.relu(net.conv(pooled, channels, 4, { size: 1 }));
    return {
      name: net.op('Mul', [name, net.op('Sigmoid', [net.conv(inner, 4, channels, { size: 1 })])]),
      channels,
    };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    return { name: net.conv(name, channels, channels, { group: channels }), channels };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    return channels % 2 ? undefined : { name: net.conv(name, channels, 6, { group: 2 }), channels: 6 };
  },
  (net, random, pick) => {
    const { name, channels } = pick();
    const more = 1 + random.below(3);
    return {
      name: net.op('Pad', [name, net.ints(0, 1, 0, 0, 0, more - 1, 0, 0)]),
      channels: channels + more,
    };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    const last = net.op('Transpose', [name], { perm: [0, 2, 3, 1] });
    const dense = net.op('Add', [net.op('MatMul', [last, net.random(channels, 4)]), net.random(4)]);
    return { name: net.op('Transpose', [dense], { perm: [0, 3, 1, 2] }), channels: 4 };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    const weight = net.random(channels, 4, 2, 2);
    const wide = net.op('ConvTranspose', [name, weight], { strides: [2, 2] });
    return { name: net.op('AveragePool', [wide], { kernel_shape: [2, 2], strides: [2, 2] }), channels: 4 };
  },
  (net, random, pick) => {
    const { name, channels } = pick();
    const taken = Array.from({ length: 1 + random.below(channels) }, () => random.below(channels));
    return { name: net.op('Gather', [name, net.ints(...taken)], { axis: 1 }), channels: taken.length };
  },
  (net, _, pick) => {
    const { name, channels } = pick();
    return { name: net.op('Softmax', [name], { axis: 1 }), channels };
  },
];

function randomNetwork(seed: number) {
  const random = new Random(seed);
  const net = new Network(seed);
  const values: Value[] = [{ name: net.relu(net.conv('x', 3, 6)), channels: 6 }];
  const pick = () => values[Math.max(0, values.length - 1 - random.below(3))];
  for (let step = 0; step < 10; step++) {
    const grown = steps[random.below(steps.length)](net, random, () => pick());
    if (grown && grown.channels > 1 && grown.channels < 40) values.push(grown);
  }
  // All values reach the output, so that none is dead.
  const heads = values.slice(1).map(({ name, channels }) => net.head(name, channels, `head.${name}`));
  const [first, ...rest] = [net.head(values[0].name, 6), ...heads];
  const flat = net.op('Gemm', [
    net.op('Flatten', [values.at(-1)!.name]),
    net.random(64 * values.at(-1)!.channels, 3),
  ]);
  return net.graph([...rest, flat].reduce((sum, head) => net.op('Add', [sum, head]), first));
}

it('a random network computes the same pruned and masked, and costs what was predicted', async () => {
  let pruned = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), fc.nat(1e6), async (seed, choice) => {
      const graph = randomNetwork(seed);
      const found = groupsIn(graph);
      pruned += found.groups.length;
      await expectPruned(graph, found, randomPlan(found, choice), choice);
    }),
    { numRuns: 60, seed: 42 },
  );
  expect(pruned).toBeGreaterThan(100);
});
