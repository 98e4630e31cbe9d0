import type { Graph } from './graph';
import type { TensorProto } from './proto/onnx_pb';

/**
 * Finds the initializers that are copies of others and still equal to them, each with the first one of its kind: a
 * saved model holds them once. A copy whose value, or whose source's value, was changed stands for itself.
 */
export function copiesOf(graph: Graph): ReadonlyMap<string, string> {
  const { copies, halves } = graph.context;
  const found = new Map<string, string>();
  if (!copies) return found;
  // A weight stored as float16 may be read directly by one node, and through a Cast by another: two kinds.
  const [plain, cast] = [new Map<TensorProto, string>(), new Map<TensorProto, string>()];
  for (const tensor of graph.model.graph!.initializer) {
    const holders = halves?.cast.has(tensor.name) ? cast : plain;
    const source = copies.get(tensor) ?? tensor;
    const holder = holders.get(source);
    if (holder === undefined) holders.set(source, tensor.name);
    else found.set(tensor.name, holder);
  }
  return found;
}
