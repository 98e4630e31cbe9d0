import type { Dataset } from '../data/dataset';
import { Fidelity, type FidelityValue } from '../data/fidelity';
import { type MetricName, metricOf } from '../data/metric';
import type { Metric } from '../data/metric-rule';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { asFloats } from '../tensor/as-floats';
import type { Tensor } from '../tensor/tensor';
import { batchFor } from './batch-size';
import { feederOf } from './feeds';
import type { ProviderChoice } from '../names';
import { Session } from './session';
import { thresholdOf } from './decision-threshold';

/** Options for running a model over a data set. */
export interface RunOptions {
  readonly threads: number;
  readonly provider?: ProviderChoice;
  /** Called before each batch with the samples done; may throw to stop. */
  readonly onBatch?: (done: number, total: number) => void;
}

/** Options for evaluating a model by a metric. */
export interface EvaluateOptions extends RunOptions {
  readonly metric: MetricName;
  /** Sums of an earlier evaluation over the first samples, to resume from. */
  readonly from?: Evaluated;
  /** Called after each batch with what is needed to resume from there; may throw to stop. */
  readonly onEvaluated?: (evaluated: Evaluated, total: number) => void;
}

/** Progress of an evaluation. */
export interface Evaluated {
  readonly done: number;
  /** The metric's state. */
  readonly sums: object;
}

/**
 * Computes the metric of a model's first output over a data set, in points.
 * @throws EngineError `InvalidData` if the data have no labels, do not fit the model or leave the metric undefined;
 * `UnsupportedModel` if the metric cannot read the first output, or it is NaN
 */
export const evaluate = async (graph: Graph, data: Dataset, options: EvaluateOptions): Promise<number> =>
  (await measure(graph, data, options)).value();

/**
 * Runs `evaluate` and returns the metric itself, with all samples added.
 * @throws EngineError as `evaluate` does
 */
export async function measure(
  graph: Graph,
  data: Dataset,
  { metric: name, threads, provider, onBatch, from, onEvaluated }: EvaluateOptions,
): Promise<Metric> {
  if (!data.labelled) {
    throw new EngineError(
      'InvalidData',
      `metric ${name} needs labels, but ${data.name} has none: set \`labels\` to a file of them, or score by fidelity`,
    );
  }
  const feeder = feederOf(graph, data);
  const session = await Session.open(graph, { threads, provider });
  try {
    const metric = metricOf(name, { threshold: thresholdOf(graph) });
    if (from) metric.state = from.sums;
    const first = session.outputs[0];
    let done = 0;
    for (const batch of data.batches(batchFor(graph, inferShapes(graph)))) {
      if (done + batch.size <= (from?.done ?? 0)) {
        done += batch.size;
        continue;
      }
      onBatch?.(done, data.length);
      const outputs = await session.run(feeder.feeds(batch), [first]);
      metric.add(scoresOf(outputs[first], first), batch.labels, outputs[first].dims);
      done += batch.size;
      onEvaluated?.({ done, sums: metric.state }, data.length);
    }
    return metric;
  } finally {
    await session.close();
  }
}

/**
 * Reads an output as floats.
 * @throws EngineError `UnsupportedModel` if it holds integers
 */
function scoresOf(output: Tensor, name: string): Float32Array {
  const scores = asFloats(output);
  if (scores) return scores;
  throw new EngineError('UnsupportedModel', `output ${name} is ${output.type}, but metrics need floats`);
}

/**
 * Compares the outputs of `compressed` with those of `original` over a data set, labelled or not; both have the same
 * inputs and outputs.
 */
export async function compareModels(
  original: Graph,
  compressed: Graph,
  data: Dataset,
  { threads, provider, onBatch }: RunOptions,
): Promise<FidelityValue> {
  const feeder = feederOf(original, data);
  const opened: Session[] = [];
  try {
    for (const graph of [original, compressed]) opened.push(await Session.open(graph, { threads, provider }));
    const fidelity = new Fidelity();
    let done = 0;
    for (const batch of data.batches(batchFor(original, inferShapes(original)))) {
      onBatch?.(done, data.length);
      const feeds = feeder.feeds(batch);
      const [own, other] = [await opened[0].run(feeds), await opened[1].run(feeds)];
      fidelity.add(own, other);
      done += batch.size;
    }
    return fidelity.value();
  } finally {
    await Promise.all(opened.map((session) => session.close()));
  }
}
