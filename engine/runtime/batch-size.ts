import { sizeOf } from '../tensor/tensor';
import type { Graph } from '../onnx/graph';
import type { Shapes } from '../onnx/shapes';

/** Elements that the largest activation of a batch may have: 64 MiB of floats. */
const budget = 2 ** 24;

/**
 * The batch at which no activation outgrows the budget, at most `most`: beyond some 32 images a batch falls out of the
 * processor's caches. Shapes that are not known do not count. A model that was exported for one batch alone gets that.
 */
export function batchFor(graph: Graph, shapes: Shapes, most = 32): number {
  const fixed = graph.inputs[0]?.dims?.[0];
  if (typeof fixed === 'number' && fixed > 0) return fixed;
  let largest = 1;
  for (const dims of shapes.values()) {
    const sample = dims.slice(1);
    if (typeof dims[0] === 'string' && sample.every((dim) => typeof dim === 'number'))
      largest = Math.max(largest, sizeOf(sample));
  }
  return Math.max(1, Math.min(most, Math.floor(budget / largest)));
}
