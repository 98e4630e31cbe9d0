import { EngineError } from '../../errors';
import type { Graph } from '../../onnx/graph';
import type { Dataset } from '../../data/dataset';
import { feederOf } from '../../runtime/feeds';
import { type Feeds, shapesOfRuns } from '../../runtime/run-shapes';
import { floats } from '../../tensor/tensor';

/** A shape; -1 stands for a dimension that follows the batch. */
export type Shape = readonly number[];

/**
 * Measures the shape of every value of a graph by running it on batches of 2 and 3 samples: exact if ONNX Runtime can
 * run the model, whatever its operators.
 * @param samples the data that feed the graph, or the shape [C, H, W] of an image if it has one float input
 * @param fixed the batch that the model, or its teacher, takes alone: all dimensions are numbers then, except for the
 * first of the first output
 * @throws EngineError `UnsupportedModel` if the model does not run on batches of more than one size; `InvalidData` if the
 * data do not feed it
 */
export async function measureShapes(
  graph: Graph,
  samples: Dataset | readonly number[],
  fixed?: number,
): Promise<Map<string, Shape>> {
  const values = [
    ...graph.inputs.map(({ name }) => name),
    ...graph.nodes.flatMap((node) => node.output.filter(Boolean)),
  ];
  const sizes = fixed === undefined ? [2, 3] : [fixed];
  const [two, three = two] = await runs(graph, values, samples, sizes);
  const shapes = new Map<string, Shape>();
  for (const [value, dims] of two) {
    const other = three.get(value)!;
    shapes.set(
      value,
      dims.map((dim, axis) => (dim === other[axis] ? dim : -1)),
    );
  }
  const [{ name: first }] = graph.outputs;
  const output = shapes.get(first);
  if (fixed !== undefined && output?.[0] === fixed) shapes.set(first, [-1, ...output.slice(1)]);
  for (const name of graph.initializers) shapes.set(name, graph.constant(name)?.dims ?? []);
  return shapes;
}

/** Feeds of some numbers of samples; the first sample is repeated, as a data set may have no more. */
function feedsOf(graph: Graph, samples: Dataset | readonly number[], sizes: readonly number[]): Feeds[] {
  if (!('gather' in samples)) {
    const [{ name }] = graph.inputs;
    return sizes.map((batch) => ({ [name]: floats([batch, ...samples]) }));
  }
  const feeder = feederOf(graph, samples);
  return sizes.map((batch) => feeder.feeds(samples.gather(Array<number>(batch).fill(0))));
}

async function runs(
  graph: Graph,
  values: readonly string[],
  samples: Dataset | readonly number[],
  sizes: readonly number[],
) {
  const feeds = feedsOf(graph, samples, sizes);
  const image = 'gather' in samples ? samples.shape : samples;
  try {
    return await shapesOfRuns(graph, values, feeds);
  } catch (error) {
    throw new EngineError(
      'UnsupportedModel',
      `the model can't be run on images of shape [${image.join(', ')}] in batches of ${sizes.join(' and ')}: export it with an open batch, such as torch.onnx.export(…, dynamic_axes={'${graph.inputs[0].name}': {0: 'batch'}})`,
      { cause: error },
    );
  }
}
