import { EngineError } from '../../errors';
import type { Graph } from '../../onnx/graph';
import { shapesOfRuns } from '../../runtime/run-shapes';
import { floats } from '../../tensor/tensor';

/** A shape; -1 stands for a dimension that follows the batch. */
export type Shape = readonly number[];

/**
 * Measures the shape of every value of a graph with one image input by running it on two batch sizes: exact if ONNX
 * Runtime can run the model, whatever its operators.
 * @param image [C, H, W]
 * @throws EngineError `UnsupportedModel` if the model does not run on batches of more than one size
 */
export async function measureShapes(graph: Graph, image: readonly number[]): Promise<Map<string, Shape>> {
  const [{ name: input }] = graph.inputs;
  const values = [input, ...graph.nodes.flatMap((node) => node.output.filter(Boolean))];
  const [two, three] = await runs(graph, input, values, image);
  const shapes = new Map<string, Shape>();
  for (const [value, dims] of two) {
    const other = three.get(value)!;
    shapes.set(
      value,
      dims.map((dim, axis) => (dim === other[axis] ? dim : -1)),
    );
  }
  for (const name of graph.initializers) shapes.set(name, graph.constant(name)?.dims ?? []);
  return shapes;
}

async function runs(graph: Graph, input: string, values: readonly string[], image: readonly number[]) {
  const feeds = [2, 3].map((batch) => ({ [input]: floats([batch, ...image]) }));
  try {
    return await shapesOfRuns(graph, values, feeds);
  } catch (error) {
    throw new EngineError(
      'UnsupportedModel',
      `the model does not run on images of shape [${image.join(', ')}] in batches of 2 and 3: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
