import { Fidelity } from '../data/fidelity';
import type { Judge } from '../data/judge';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { batchFor, fixedBatch, inWholeBatches } from '../runtime/batch-size';
import { feederOf } from '../runtime/feeds';
import { judgedValues } from '../runtime/judged-values';
import { ModelProbe, type Replacements } from '../runtime/model-probe';
import { provenanceOf } from '../runtime/provenance';
import { openJudge, readsLabels } from '../runtime/judges';
import { isFidelity, metricWords } from '../names';
import { limits } from '../tensor/limits';
import { sizeOf, type Tensor } from '../tensor/tensor';
import { type Compressor, type Part, partOf, unitsOf } from './compressor';
import { compressorOf } from './compressors';
import { openData } from './open-data';
import type { JobContext } from './job-context';
import { openedModel } from './open-measured';
import { type Tools, toolsOf } from './backends';
import type { LayerScore, ScoredPart, ScoreLayerInput } from './types';
import { WorkCheckpoints } from './work-checkpoints';

/**
 * Computes one part's row of the eval-score dictionary: the model's metric, or its fidelity, with only this part
 * compressed to each candidate ratio (AIMET). A low-rank pair and a pruned layer equal the layer with other weights of
 * the same shape, so every candidate runs on the same cut network.
 */
export async function scoreLayer(input: ScoreLayerInput, context: JobContext): Promise<ScoredPart> {
  context.checkStop();
  const { method } = input;
  const tools = await toolsOf(input.machinery);
  const graph = await openedModel(input.model, method);
  const compressor = await compressorOf(graph, { ...input, tools, context });
  const part = partOf(compressor, input.layer, method.technique);
  const candidates = input.candidates.map((ratio) => ({ ratio, units: unitsOf(part, ratio, method) }));
  const found = await probe(
    graph,
    compressor,
    part,
    new Set(candidates.map(({ units }) => units)),
    input,
    tools,
    context,
  );
  const scores = candidates.map(({ ratio, units }) => ({ ratio, units, ...found.get(units)! }));
  return { layer: part.name, technique: method.technique, scores, provenance: provenanceOf(tools.provider) };
}

type Found = ReadonlyMap<number, Pick<LayerScore, 'score' | 'error'>>;

/** Progress of scoring a part. */
interface Scored {
  readonly found: Found;
  /** For the next group of units: how many samples all of them have seen, and the sums so far. */
  readonly done: number;
  readonly sums: readonly { readonly metric?: object; readonly fidelity: object }[];
}

/** One number of units on its way through the samples. */
interface Run {
  readonly units: number;
  readonly replacements: Replacements;
  /** Left out if layers are scored by fidelity. */
  readonly judge?: Judge;
  readonly fidelity: Fidelity;
}

/** Computes score and output error for each number of units. */
async function probe(
  opened: Graph,
  compressor: Compressor,
  part: Part,
  units: ReadonlySet<number>,
  input: ScoreLayerInput,
  { threads, provider }: Tools,
  context: JobContext,
): Promise<Found> {
  const trials = await compressor.trials(part);
  const { graph, constants } = trials;
  const shapes = inferShapes(graph);
  const { data } = openData(opened, input.evaluate, input.method.inputSize);
  let cut: ModelProbe | undefined;
  try {
    const byMetric = input.method.score === 'metric' && !isFidelity(input.metric);
    const compared = judgedValues(graph);
    const outputs = graph.outputs.map(({ name }) => name);
    const read = typeof input.metric === 'string' ? outputs.slice(0, 1) : outputs;
    const wanted = byMetric ? [...new Set([...compared, ...read])] : compared;
    if (byMetric && readsLabels(input.metric) && !data.labelled)
      throw new EngineError(
        'InvalidData',
        `${data.name} has no labels, which metric ${metricWords(input.metric)} needs: set \`labels\` to a file of them, or score to fidelity`,
      );
    const fixed = fixedBatch(opened, data.inputs);
    const total = inWholeBatches(Math.min(input.samples ?? Infinity, data.length), fixed);
    const size = batchFor(graph, shapes);
    const groups = groupsOf([...units], limits.held / bytesOf(graph, constants));
    // Replacements of later groups cannot reuse the first ones' memory: a session each pays only for a single group.
    const batches = groups.length > 1 ? 0 : Math.ceil(total / size);
    cut = await ModelProbe.open(graph, constants, { shapes, threads, provider, batches, outputs: wanted });
    const feeder = feederOf(graph, data);
    const { method, layer, candidates, metric, reconstruction } = input;
    const identity = JSON.stringify([method, layer, candidates, metric, reconstruction, total, size, groups]);
    const checkpoints = new WorkCheckpoints<Scored>(context, identity, input.checkpointing);
    const resumed = checkpoints.resumed();
    const found = new Map(resumed?.found);
    let sums = resumed?.sums ?? [];
    let begun = resumed?.done ?? 0;
    for (const [at, group] of groups.entries()) {
      if (group.every((count) => found.has(count))) continue;
      const runs: Run[] = [];
      for (const count of group) {
        context.checkStop(); // a large layer's refit takes long by itself
        runs.push({
          units: count,
          replacements: await trials.at(count),
          judge: byMetric
            ? (await openJudge(input.metric, { graph: opened, data, threads, provider })).judge
            : undefined,
          fidelity: new Fidelity(),
        });
      }
      for (const [i, known] of sums.entries()) {
        const { judge } = runs[i];
        if (judge && known.metric) judge.state = known.metric;
        runs[i].fidelity.state = known.fidelity;
      }
      let done = 0;
      for (const batch of data.sampled(total, 0, size)) {
        if ((done += batch.size) <= begun) continue;
        const kept = await cut.prefix(feeder.feeds(batch));
        const whole = only(compared, await cut.outputs(kept));
        for (const run of runs) {
          context.checkStop();
          const outputs = await cut.outputs(kept, run.replacements);
          run.fidelity.add(whole, outputs);
          await run.judge?.add(only(read, outputs), batch);
        }
        checkpoints.passed({
          done: at * total + done,
          total: groups.length * total,
          note: `${done}/${total} samples · ${group.length} ratios`,
          state: () => ({
            found,
            done,
            sums: runs.map(({ judge, fidelity }) => ({ metric: judge?.state, fidelity: fidelity.state })),
          }),
        });
      }
      [sums, begun] = [[], 0];
      for (const { units: count, judge, fidelity } of runs) {
        const { relativeError: error, points } = fidelity.value();
        found.set(count, { score: judge ? judge.value() : points, error });
      }
    }
    return found;
  } finally {
    await cut?.close();
    data.close();
  }
}

/** Picks some of the values that were computed. */
const only = (names: readonly string[], values: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(names.map((name) => [name, values[name]]));

/** Counts the bytes that a replacement of constants takes. */
const bytesOf = (graph: Graph, constants: readonly string[]): number =>
  constants.reduce((sum, name) => sum + 4 * sizeOf(graph.constantDims(name) ?? []), 0);

/** Splits a list into parts of `size`, or of one. */
function groupsOf<T>(list: readonly T[], size: number): T[][] {
  const step = Math.max(1, Math.floor(size));
  return Array.from({ length: Math.ceil(list.length / step) }, (_, at) =>
    list.slice(at * step, (at + 1) * step),
  );
}
