import type { Dataset } from '../data/dataset';
import { type MetricName, metricOf } from '../data/metric';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { floats } from '../tensor/tensor';
import { batchFor } from './batch';
import { Session } from './session';

export interface EvaluateOptions {
  readonly metric: MetricName;
  readonly threads: number;
  /** Called before each batch with the samples done; may throw to stop. */
  readonly onBatch?: (done: number, total: number) => void;
}

/** The metric of a model with one image input and one [N, K] output over a data set, in points. */
export async function evaluate(
  graph: Graph,
  data: Dataset,
  { metric: name, threads, onBatch }: EvaluateOptions,
): Promise<number> {
  const session = await Session.open(graph, { threads });
  try {
    const metric = metricOf(name);
    let done = 0;
    for (const { images, labels, size } of data.batches(batchFor(graph, inferShapes(graph)))) {
      onBatch?.(done, data.length);
      const outputs = await session.run({ [session.inputs[0]]: floats([size, ...data.shape], images) });
      metric.add(outputs[session.outputs[0]].data as Float32Array, labels);
      done += size;
    }
    return metric.value();
  } finally {
    await session.close();
  }
}
