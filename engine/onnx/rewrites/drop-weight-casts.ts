import { intOf } from '../node-attributes';
import type { Graph } from '../graph';
import { TensorProto_DataType as DataType } from '../proto/onnx_pb';

const single: number = DataType.FLOAT;

/**
 * Removes the Casts of weights that the model stores as float16 and computes with as float32, which do nothing in a
 * widened graph: readers take the weight itself, so that it counts as theirs. `narrowHalves` restores the Cast.
 * Requires `widenHalves`; leaves other graphs unchanged.
 */
export function dropWeightCasts(graph: Graph): void {
  const { halves } = graph.context;
  if (!halves) return;
  const cast = new Set(halves.cast);
  for (const node of [...graph.nodes]) {
    const [source, target] = [node.input[0], node.output[0]];
    if (node.opType !== 'Cast' || node.domain || graph.constantType(source) !== 'float32') continue;
    const widens = halves.values.has(source) && !halves.values.has(target);
    if (!widens || intOf(node, 'to', 0) !== single) continue;
    if (graph.uses(source).length > 1 || graph.isOutput(source)) continue;
    if (graph.bypass(node)) cast.add(source);
  }
  graph.context = { ...graph.context, halves: { ...halves, cast } };
}
