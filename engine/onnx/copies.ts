import type { Graph } from './graph';
import type { TensorProto } from './proto/onnx_pb';

/**
 * The initializers that are copies of others and still equal to them, each with the first initializer of its kind: what
 * a saved model holds once. A copy that was given a new value, or whose source was, stands for itself.
 */
export function copiesOf(graph: Graph): ReadonlyMap<string, string> {
  const { copies, halves } = graph.context;
  const found = new Map<string, string>();
  if (!copies) return found;
  // Of a weight that is stored as float16, one reader may take it so, and another through a Cast: two kinds.
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
