import { Random } from '../data/random';
import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { layersOf, macsOf } from '../onnx/layers';
import { weightBytes } from '../onnx/model';
import { fixedBatch } from '../runtime/batch-size';
import { feederOf } from '../runtime/feeds';
import { limitVariables } from '../runtime/guard/guarded-run';
import { judgedGraph } from '../runtime/judged-values';
import { openJudge, readsLabels } from '../runtime/judges';
import { batchIsFixed, cannotRun } from '../runtime/run-failure';
import type { Feeds } from '../runtime/run-shapes';
import { Session } from '../runtime/session';
import { timedFeeds } from '../runtime/timing';
import { asFloats } from '../tensor/as-floats';
import { isFloat, sizeOf, type Tensor, toBytes } from '../tensor/tensor';
import { isFidelity, type Method, type MetricChoice, metricWords } from '../names';
import { rehearseTraining } from '../training/rehearse';
import { eachGradient } from '../training/sensitivity';
import { checkTrainable } from './check-trainable';
import type { JobContext } from './job-context';
import { openData } from './open-data';
import { pruningParts } from './pruning-compressor';
import type { AnalyzeInput, Rehearsal } from './types';
import { trainable } from './trainable';

interface Rehearsed extends Pick<AnalyzeInput, 'model' | 'inputSize'> {
  readonly rehearsal: Rehearsal;
  readonly method: Method;
}

/**
 * Tries on two samples everything that a run will do with a model, so that what can't be done is refused in its first
 * seconds: feeding each split, running it, the metric, a training step with its teacher, and latency.
 * @param graph the model as jobs open it
 * @returns sentences about what will mean little
 * @throws EngineError that names the node, file or field, and the fix
 */
export async function rehearse(
  graph: Graph,
  { model, inputSize, rehearsal, method }: Rehearsed,
  context: JobContext,
): Promise<string[]> {
  const { runs, judged, fineTune, gradients, latency, batch, machinery } = rehearsal;
  if (fineTune) checkTrainable(model, weightBytes(graph));
  const told = { graph, model, machinery, context };
  const notes: string[] = [];
  for (const source of runs) {
    const { data } = openData(graph, source, inputSize);
    try {
      await tryRun(told, data);
      if (!notes.length) notes.push(...(await unmoved(told, data)));
      if (gradients && source === runs[0]) {
        announce(told, 'gradients of two samples', passes);
        await tryGradients(told, data, method);
      }
    } finally {
      data.close();
    }
  }
  for (const source of judged?.data ?? []) {
    const data = Dataset.open(source);
    try {
      await tryMetric(told, data, judged!.metric);
    } finally {
      data.close();
    }
  }
  if (latency) {
    const feeds = timedFeeds(graph, { inputShape: inputSize, batch });
    await runOnce(told, feeds, 'a random sample', Math.max(1, (batch ?? 1) / 2));
  }
  if (fineTune) {
    announce(told, 'a step of training', passes);
    await tryTraining(model, fineTune, machinery);
    context.report({ done: 0, total: 0, note: 'a rehearsal' });
  }
  return notes;
}

type Outputs = Readonly<Record<string, Tensor>>;
interface Told extends Pick<Rehearsal, 'machinery'> {
  readonly graph: Graph;
  readonly model: string;
  readonly context: JobContext;
}

/** Seconds of processor time that a run on two samples may take, and what a model's work adds, at 0.1 GMACs per s. */
const leastSeconds = 60;
const secondsPerMac = 1e-8;
/** Maximum number of runs that a step of training takes as long as: forward, backward, a teacher, for several micro-batches. */
const passes = 10;

/** Announces a run, with the limit that ends what never would. */
function announce({ graph, context }: Pick<Told, 'graph' | 'context'>, note: string, times = 1): void {
  const given = Number(process.env[limitVariables.seconds]);
  const seconds = given > 0 ? given : Math.ceil(leastSeconds + 2 * secondsPerMac * macsOf(graph));
  context.report({ done: 0, total: 0, note, within: times * seconds });
}

async function runOnce(told: Told, feeds: Feeds, on: string, times = 1): Promise<Outputs> {
  const { graph, model, machinery, context } = told;
  const { threads, provider } = machinery;
  announce(told, `a run on ${on}`, times);
  try {
    const session = await Session.open(graph, { threads, provider });
    try {
      return await session.run(feeds);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw error instanceof EngineError ? cannotRun(graph, { model, on }, error) : error;
  } finally {
    context.report({ done: 0, total: 0, note: 'a rehearsal' });
  }
}

/** Reads a few samples; the first ones again if there are no more. */
const samplesOf = (data: Dataset, count: number) =>
  data.gather(Array.from({ length: count }, (_, at) => at % data.length));

const feedsOf = (graph: Graph, data: Dataset, count: number): Feeds =>
  feederOf(graph, data).feeds(samplesOf(data, count));

/** The samples in a batch that is tried: what the model fixes, or two. */
const batchOf = (graph: Graph, data: Dataset): number => fixedBatch(graph, data.inputs) ?? 2;

async function tryRun(told: Told, data: Dataset): Promise<Outputs> {
  const { graph, model } = told;
  const count = batchOf(graph, data);
  const run = (size: number) => runOnce(told, feedsOf(graph, data, size), `samples of ${data.name}`);
  try {
    return await run(count);
  } catch (error) {
    if (count !== 2 || !(error instanceof EngineError) || error.code !== 'UnsupportedModel') throw error;
    await run(1);
    throw batchIsFixed(graph, model, data.inputs, error.cause as Error);
  }
}

/** Feeds a metric with the model's outputs for a few samples. */
async function tryMetric(told: Told, data: Dataset, metric: MetricChoice): Promise<void> {
  if (readsLabels(metric)) data.requireLabels();
  const { graph, model, machinery } = told;
  const count = batchOf(graph, data);
  const outputs = await tryRun(told, data);
  // What is near to itself says nothing about a metric.
  if (isFidelity(metric)) return;
  const output = outputs[graph.outputs[0].name];
  if (readsLabels(metric) && !asFloats(output))
    throw new EngineError(
      'UnsupportedModel',
      `output ${graph.outputs[0].name} of model ${model} is ${output.type}, but metric ${metricWords(metric)} needs floats: export the scores as the first output, or score by fidelity`,
    );
  // Exports for a batch of 1 may have one row for all samples.
  if (output.dims[0] === 1 && count > 1) throw batchIsFixed(graph, model, data.inputs);
  const { judge } = await openJudge(metric, { graph, data, ...machinery });
  announce(told, 'the metric of two samples', passes);
  await judge.add(outputs, samplesOf(data, count));
  if (!readsLabels(metric)) judge.value();
}

/** Factor by which weights are varied to see whether outputs depend on them: not a power of two, which may cancel. */
const varied = 0.3;
/** Most weights that are varied, 256 MiB: those of some layers show it too. */
const variedMost = 2 ** 26;

/**
 * Says if the outputs that models are judged by stay the same, bit for bit, when all weights change: then scores of
 * layers mean nothing.
 */
async function unmoved(told: Told, data: Dataset): Promise<string[]> {
  const { graph } = told;
  const judged = judgedGraph(graph);
  const other = judged.clone();
  const random = new Random(1);
  let left = variedMost;
  for (const { weight, dims } of layersOf(graph)) {
    if (sizeOf(dims) > left) continue;
    const tensor = other.constant(weight);
    if (!isFloat(tensor)) continue;
    left -= sizeOf(dims);
    const values = tensor.data.map((value) => value * (1 + varied * (random.next() - 0.5)));
    other.setConstant(weight, { ...tensor, data: values });
  }
  const feeds = feedsOf(graph, data, batchOf(graph, data));
  const on = `samples of ${data.name}`;
  const before = await runOnce({ ...told, graph: judged }, feeds, on);
  const after = await runOnce({ ...told, graph: other }, feeds, on);
  const floats = Object.entries(before).filter(([, tensor]) => asFloats(tensor));
  const same = ([name, tensor]: [string, Tensor]) =>
    Buffer.compare(toBytes(tensor), toBytes(after[name])) === 0;
  if (!floats.length || !floats.every(same)) return [];
  const zeros = floats.every(([, tensor]) => asFloats(tensor)!.every((value) => value === 0));
  return [
    `the outputs on ${on} stay the same when all weights change${zeros ? ' (they are all 0)' : ''}: scores of layers mean nothing on them; ` +
      'take data that the model responds to, or set ratios by hand (--select manual)',
  ];
}

/** Computes the gradients that rank channels, on two samples. */
async function tryGradients({ graph, machinery }: Told, data: Dataset, method: Method): Promise<void> {
  const groups = pruningParts(graph, { ...method, technique: 'channel-pruning' }).parts;
  const weights = groups.flatMap(({ group }) => group.consumers.map(({ layer }) => layer.weight));
  if (!weights.length) return;
  const count = batchOf(graph, data);
  await eachGradient(
    graph,
    data,
    [...new Set(weights)],
    {
      samples: count,
      seed: 0,
      batch: count,
      labels: data.labelled,
      threads: machinery.threads,
      sources: { images: data.name, labels: data.name },
    },
    () => undefined,
  );
}

async function tryTraining(
  model: string,
  { data: source, settings, teacher }: NonNullable<Rehearsal['fineTune']>,
  { threads, provider }: Rehearsal['machinery'],
): Promise<void> {
  const graph = await trainable(model);
  const data = Dataset.open(source);
  try {
    await rehearseTraining(graph, data, {
      settings,
      threads,
      provider,
      sources: source,
      teacher: teacher === undefined ? undefined : await trainable(teacher),
    });
  } finally {
    data.close();
  }
}
