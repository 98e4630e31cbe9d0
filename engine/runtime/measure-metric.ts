import type { Dataset } from '../data/dataset';
import { Fidelity, type FidelityValue } from '../data/fidelity';
import type { Judge } from '../data/judge';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { batchFor } from './batch-size';
import { feederOf } from './feeds';
import { openJudge, readsLabels } from './judges';
import { type MetricChoice, metricWords, type ProviderChoice } from '../names';
import { Session } from './session';

/** Options for running a model over a data set. */
export interface RunOptions {
  readonly threads: number;
  readonly provider?: ProviderChoice;
  /** Called before each batch with the samples done; may throw to stop. */
  readonly onBatch?: (done: number, total: number) => void;
}

/** Options for evaluating a model by a metric. */
export interface EvaluateOptions extends RunOptions {
  readonly metric: MetricChoice;
  /** Sums of an earlier evaluation over the first samples, to resume from. */
  readonly from?: Evaluated;
  /**
   * Called after each batch; may throw to stop.
   * @param state returns what is needed to resume from there; a metric may have much to copy
   */
  readonly onEvaluated?: (done: number, total: number, state: () => Evaluated) => void;
}

/** Progress of an evaluation. */
export interface Evaluated {
  readonly done: number;
  /** The metric's state. */
  readonly sums: object;
}

/**
 * Computes the metric of a model over a data set, in points.
 * @throws EngineError `InvalidData` if the data lack labels that the metric reads, do not fit the model or leave the metric
 * undefined; `UnsupportedModel` if the metric cannot read the outputs, or they are NaN; `InvalidSettings` if a user's
 * metric can't be loaded
 */
export const evaluate = async (graph: Graph, data: Dataset, options: EvaluateOptions): Promise<number> =>
  (await measure(graph, data, options)).value();

/**
 * Runs `evaluate` and returns the judge itself, closed, with all samples added.
 * @throws EngineError as `evaluate` does
 */
export async function measure(
  graph: Graph,
  data: Dataset,
  { metric, threads, provider, onBatch, from, onEvaluated }: EvaluateOptions,
): Promise<Judge> {
  if (readsLabels(metric) && !data.labelled) {
    throw new EngineError(
      'InvalidData',
      `metric ${metricWords(metric)} needs labels, but ${data.name} has none: set \`labels\` to a file of them, or score by fidelity`,
    );
  }
  const feeder = feederOf(graph, data);
  const { judge, judged } = await openJudge(metric, { graph, data, threads, provider });
  let session: Session | undefined;
  try {
    session = await Session.open(judged, { threads, provider });
    if (from) judge.state = from.sums;
    let done = 0;
    for (const batch of data.batches(batchFor(graph, inferShapes(graph)))) {
      if (done + batch.size <= (from?.done ?? 0)) {
        done += batch.size;
        continue;
      }
      onBatch?.(done, data.length);
      await judge.add(await session.run(feeder.feeds(batch), judge.reads), batch);
      done += batch.size;
      const seen = done;
      onEvaluated?.(seen, data.length, () => ({ done: seen, sums: judge.state }));
    }
    return judge;
  } finally {
    await judge.close?.();
    await session?.close();
  }
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
