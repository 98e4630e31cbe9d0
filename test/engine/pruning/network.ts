import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import { layersOf, macsOf, paramsOf } from '../../../engine/onnx/layers';
import { channelGroups, type ChannelGroups } from '../../../engine/pruning/channel-groups';
import { costModel } from '../../../engine/pruning/cost';
import type { KeepPlan } from '../../../engine/pruning/keep';
import { maskChannels } from '../../../engine/pruning/mask';
import { removeChannels } from '../../../engine/pruning/remove-channels';
import { Session } from '../../../engine/runtime/session';
import { Random } from '../../../engine/data/random';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms } from '../../support/graphs';

type Attributes = NodeFields['attributes'];

/** Writes small networks: each method adds a node and gives its output's name. */
export class Network {
  readonly nodes: NodeFields[] = [];
  readonly constants: Record<string, Tensor> = {};
  private count = 0;

  constructor(
    private seed = 1,
    readonly input: readonly (number | string)[] = ['batch', 3, 8, 8],
    readonly opset = 18,
  ) {}

  op(
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    name = `${op}${++this.count}`,
  ): string {
    this.nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  }

  constant(tensor: Tensor, name = `constant${++this.count}`): string {
    this.constants[name] = tensor;
    return name;
  }

  random(...dims: number[]): string {
    return this.constant(randoms(dims, this.seed++));
  }

  ints(...values: number[]): string {
    return this.constant(int64s(values));
  }

  /** A 3x3 Conv with bias that keeps the size. */
  conv(
    x: string,
    from: number,
    to: number,
    { group = 1, name = `conv${++this.count}`, size = 3 } = {},
  ): string {
    const pad = (size - 1) / 2;
    const weight = this.random(to, from / group, size, size);
    return this.op('Conv', [x, weight, this.random(to)], { group, pads: [pad, pad, pad, pad] }, name);
  }

  relu = (x: string): string => this.op('Relu', [x]);

  /** Global pool, Flatten, Gemm to 3 outputs. */
  head(x: string, channels: number, name = 'head'): string {
    const flat = this.op('Flatten', [this.op('GlobalAveragePool', [x])]);
    return this.op('Gemm', [flat, this.random(3, channels), this.random(3)], { transB: 1 }, name);
  }

  graph(...outputs: string[]): Graph {
    const graph = modelOf(['x', this.input], this.nodes, [outputs[0]], this.constants, this.opset);
    for (const name of outputs.slice(1)) {
      const more = modelOf(['x', this.input], [], [name], {}).declaration(name)!;
      graph.model.graph!.output.push(more);
    }
    return graph;
  }
}

export const groupsIn = (graph: Graph): ChannelGroups => channelGroups(graph, layersOf(graph));

/** A plan that keeps some channels of every group, all of some. */
export function randomPlan({ groups }: ChannelGroups, seed: number): (number[] | null)[] {
  const random = new Random(seed);
  return groups.map(({ channels }) => {
    const count = 1 + random.below(channels);
    return count === channels ? null : [...random.sample(channels, count).sort()];
  });
}

/** All outputs of a model, run as it stands. */
export async function outputsOf(graph: Graph, x: Tensor): Promise<Tensor[]> {
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    return Object.values(await session.run({ [session.inputs[0]]: x }));
  } finally {
    await session.close();
  }
}

/** Checks that the pruned graph computes what the masked one does, and costs what was predicted; gives the pruned one. */
export async function expectPruned(
  graph: Graph,
  found: ChannelGroups,
  plan: KeepPlan,
  seed = 1,
): Promise<Graph> {
  const layers = layersOf(graph);
  const cost = costModel(graph, layers, found);
  const predicted = cost(plan.map((keep) => keep && keep.length));
  const masked = graph.clone();
  for (const [name, tensor] of maskChannels(graph, found, plan)) masked.setConstant(name, tensor);
  const pruned = graph.clone();
  removeChannels(pruned, found, plan);
  const [declared] = graph.inputs;
  const x = randoms([2, ...declared.dims!.slice(1).map((dim) => (typeof dim === 'number' ? dim : 6))], seed);
  const [a, b] = [await outputsOf(pruned, x), await outputsOf(masked, x)];
  a.forEach((tensor, at) => expect(distance(tensor, b[at])).toBeLessThan(1e-4));
  expect({ macs: macsOf(pruned), params: paramsOf(pruned) }).toEqual(predicted);
  return pruned;
}

/** A vector of ones, for variances. */
export const ones = (count: number): Tensor => floats([count], new Float32Array(count).fill(1));
