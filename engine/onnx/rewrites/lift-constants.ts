import type { Tensor } from '../../tensor/tensor';
import { floats } from '../../tensor/tensor';
import type { Graph, Node } from '../graph';
import { decodeTensor, densify } from '../tensor-proto';

/**
 * Turns Constant nodes into initializers, so that weights are in one place whichever exporter wrote the model. Requires
 * nothing; leaves Constants that are outputs or of types that Slimflow does not read (strings).
 */
export function liftConstants(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Constant' || node.domain || !node.output[0] || graph.isOutput(node.output[0]))
      continue;
    const tensor = valueOf(node);
    if (!tensor) continue;
    graph.replace(node, []);
    graph.setConstant(node.output[0], tensor);
  }
}

function valueOf({ attribute: [attribute] }: Node): Tensor | undefined {
  if (!attribute) return undefined;
  const { name, t, f, i, floats: list, ints, sparseTensor } = attribute;
  if (name === 'value' && t) return decodeTensor(t);
  if (name === 'sparse_value' && sparseTensor) return densify(sparseTensor);
  if (name === 'value_float') return floats([], [f]);
  if (name === 'value_floats') return floats([list.length], list);
  if (name === 'value_int') return { type: 'int64', dims: [], data: BigInt64Array.of(i) };
  if (name === 'value_ints') return { type: 'int64', dims: [ints.length], data: BigInt64Array.from(ints) };
  return undefined;
}
