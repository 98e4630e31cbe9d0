import { sizeOf } from '../tensor/tensor';
import type { Graph } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import type { Shapes } from '../onnx/shapes';

/** Most elements of the largest activation of a batch: 64 MiB of floats. */
const budget = 2 ** 24;

/**
 * Returns the samples that a model takes at a time if its export fixed them; undefined if its batch is open.
 * @param others inputs that have data of their own
 */
export function fixedBatch(graph: Graph, others: readonly string[] = []): number | undefined {
  const size = graph.inputs.length ? imageInput(graph, others).dims?.[0] : undefined;
  return typeof size === 'number' && size > 0 ? size : undefined;
}

/** Returns the number of samples, at most `count`, that make whole batches of a fixed size; one batch at least. */
export const inWholeBatches = (count: number, fixed: number | undefined): number =>
  fixed === undefined ? count : Math.max(fixed, count - (count % fixed));

/**
 * Returns the largest batch, at most `most`, at which no activation exceeds the budget: beyond some 32 images a batch
 * no longer fits the processor's caches. Unknown shapes are ignored. A model exported for a fixed batch gets that one.
 */
export function batchFor(graph: Graph, shapes: Shapes, most = 32): number {
  const fixed = fixedBatch(graph);
  if (fixed !== undefined) return fixed;
  let largest = 1;
  for (const dims of shapes.values()) {
    const sample = dims.slice(1);
    if (typeof dims[0] === 'string' && sample.every((dim) => typeof dim === 'number'))
      largest = Math.max(largest, sizeOf(sample));
  }
  return Math.max(1, Math.min(most, Math.floor(budget / largest)));
}
