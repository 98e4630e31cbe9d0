import type { Tensor } from '../../tensor/tensor';
import { floats, int64s } from '../../tensor/tensor';
import type { Graph, Node } from '../graph';
import { decodeTensor } from '../tensor-proto';

/**
 * Turns Constant nodes into initializers, so that weights stand in one place whichever exporter wrote the model.
 * Requires nothing; leaves Constants of types we do not read where they are.
 */
export function liftConstants(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Constant' || node.domain) continue;
    const tensor = valueOf(node);
    if (!tensor) continue;
    graph.replace(node, []);
    graph.setConstant(node.output[0], tensor);
  }
}

function valueOf(node: Node): Tensor | undefined {
  const [{ name, t, f, i, floats: list, ints }] = node.attribute;
  if (name === 'value' && t) return decodeTensor(t);
  if (name === 'value_float') return floats([], [f]);
  if (name === 'value_floats') return floats([list.length], list);
  if (name === 'value_int') return { ...int64s([Number(i)]), dims: [] };
  if (name === 'value_ints') return int64s(ints.map(Number));
  return undefined;
}
