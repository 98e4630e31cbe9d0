import { sizeOf } from '../tensor/tensor';
import type { Graph } from '../onnx/graph';
import type { Shapes } from '../onnx/shapes';

/** Most elements of the largest activation of a batch: 64 MiB of floats. */
const budget = 2 ** 24;

/**
 * Returns the largest batch, at most `most`, at which no activation exceeds the budget: beyond some 32 images a batch
 * no longer fits the processor's caches. Unknown shapes are ignored. A model exported for a fixed batch gets that one.
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
