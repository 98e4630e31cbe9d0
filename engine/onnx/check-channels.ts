import { EngineError } from '../errors';
import { table } from '../table';
import { fromStart } from './dims';
import type { Graph, Node } from './graph';
import { nameOf } from './layers';
import { intOf } from './node-attributes';
import type { Shapes } from './shapes';
import { groupsOf } from './window';

/** Channels that a layer's weight takes, and the axis of its input that must have as many. */
type Taken = (node: Node, weight: readonly number[]) => readonly [channels: number | undefined, axis: number];

const layers = table<Taken>({
  Conv: (node, weight) => [weight[1] * groupsOf(node), 1],
  ConvTranspose: (_, weight) => [weight[0], 1],
  Gemm: (node, weight) => [weight[intOf(node, 'transB', 0) ? 1 : 0], intOf(node, 'transA', 0) ? 0 : 1],
  MatMul: (_, weight) => [weight.at(weight.length > 1 ? -2 : -1), -1],
});

/**
 * Checks that layers get as many channels as their weights take. No program can run a model in which they differ, and
 * the number that the model states may be any.
 * @throws EngineError `InvalidModel` that names the node
 */
export function checkChannels(graph: Graph, shapes: Shapes): void {
  for (const node of graph.nodes) {
    const taken = node.domain ? undefined : layers[node.opType];
    const [input, weight] = [shapes.get(node.input[0]), graph.constantDims(node.input[1])];
    if (!taken || !input || !weight) continue;
    const [channels, axis] = taken(node, weight);
    const given = input[fromStart(axis, input.length)];
    if (!Number.isSafeInteger(channels) || typeof given !== 'number' || given === channels) continue;
    throw new EngineError(
      'InvalidModel',
      `node ${nameOf(node)} (${node.opType}) takes ${channels} channels by its weight [${weight.join(', ')}], but its input has ${given}: export the model again`,
    );
  }
}
