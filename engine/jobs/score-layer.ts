import { Dataset } from '../data/dataset';
import { metricOf } from '../data/metric';
import { EngineError } from '../errors';
import { linearAlgebra } from '../linalg/choose';
import type { Graph } from '../onnx/graph';
import { type Layer, layersOf } from '../onnx/layers';
import { openModel } from '../onnx/prepare';
import { inferShapes, type Shapes } from '../onnx/shapes';
import { channelPaths } from '../pruning/channel-path';
import { channelMagnitudes, channelsFor, keepMostImportant } from '../pruning/importance';
import { fitEquations, masked, refit } from '../pruning/reconstruct';
import { ReconstructionSamples } from '../pruning/samples';
import { unitsFor } from '../ratios/candidates';
import { batchFor } from '../runtime/batch';
import { LayerProbe, type Replacement } from '../runtime/layer-probe';
import { macsPerRank, spatialSvd } from '../svd/spatial';
import { writeTensors } from '../tensor/safetensors';
import { floats, type FloatTensor } from '../tensor/tensor';
import type { JobContext } from './job';
import { splitSizes, worthwhileRank } from './techniques';
import type { LayerScores, ScoreLayerInput } from './types';

interface Candidate {
  readonly ratio: number;
  readonly units: number;
  readonly replacement: () => Replacement | Promise<Replacement>;
}

/**
 * One layer's row of the eval-score dictionary: the model's metric with this layer alone compressed to each candidate
 * ratio (AIMET). A low-rank pair and a pruned layer equal the layer with another weight of the same shape, so that
 * every candidate runs on the same cut network.
 */
export async function scoreLayer(input: ScoreLayerInput, context: JobContext): Promise<LayerScores> {
  context.checkStop();
  const graph = openModel(input.model);
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  const layer = layers.find(({ name }) => name === input.layer);
  if (!layer) throw new EngineError('InvalidSettings', `${input.layer} is no layer of ${input.model}`);
  const candidates =
    input.technique === 'spatial-svd'
      ? await svdCandidates(graph, layer, shapes, input)
      : await pruningCandidates(graph, layer, layers, shapes, input, context);
  const found = await probe(graph, layer, shapes, candidates, input, context);
  const scores = candidates.map(({ ratio, units }) => ({ ratio, units, ...found.get(units)! }));
  return { layer: layer.name, technique: input.technique, scores };
}

/** Low-rank weights; the decomposition is written out once for every rank and target to come. */
async function svdCandidates(
  graph: Graph,
  layer: Layer,
  shapes: Shapes,
  { candidates, factors, threads }: ScoreLayerInput,
): Promise<Candidate[]> {
  const svd = await spatialSvd.decompose(graph, layer, linearAlgebra({ threads }));
  if (factors) writeTensors(factors, svd.toTensors());
  const sizes = splitSizes(layer, shapes);
  const most = worthwhileRank(layer, sizes, svd.maxRank);
  return candidates.map((ratio) => {
    const units = unitsFor(ratio, layer.macs, macsPerRank(sizes), most);
    return { ratio, units, replacement: async () => ({ weight: await svd.lowRank(units) }) };
  });
}

/** Weights with the least important input channels masked and the rest refitted. */
async function pruningCandidates(
  graph: Graph,
  layer: Layer,
  layers: readonly Layer[],
  shapes: Shapes,
  { candidates, train: source, reconstruction, threads }: ScoreLayerInput,
  context: JobContext,
): Promise<Candidate[]> {
  const index = channelPaths(graph, layers).findIndex(({ consumer }) => consumer.node === layer.node);
  if (index < 0)
    throw new EngineError('UnsupportedModel', `the input channels of layer ${layer.name} cannot be pruned`);
  const channels = layer.dims[1];
  const importance = channelMagnitudes(graph.constant(layer.weight) as FloatTensor);
  const train = Dataset.open(source);
  try {
    const samples = new ReconstructionSamples(train, reconstruction, threads, () => context.checkStop());
    const [, , height, width] = shapes.get(layer.node.output[0])!.map(Number);
    const at = samples.positions(index, height, width);
    const equations = await fitEquations(graph, layer, samples, at);
    return candidates.map((ratio) => {
      const units = channelsFor(ratio, channels);
      const keep = keepMostImportant(importance, units);
      const replacement = () => {
        const { weight, bias } = refit(equations, layer.dims, keep);
        return { weight: masked(weight, keep, channels), bias };
      };
      return { ratio, units, replacement };
    });
  } finally {
    train.close();
  }
}

/** Metric and output error with each candidate's weight, by units: candidates of the same units are one. */
async function probe(
  graph: Graph,
  layer: Layer,
  shapes: Shapes,
  candidates: readonly Candidate[],
  { evaluate: source, samples = Infinity, metric, threads }: ScoreLayerInput,
  context: JobContext,
): Promise<Map<number, { score: number; error: number }>> {
  const tried = new Map(candidates.map(({ units, replacement }) => [units, replacement]));
  const runs = [];
  for (const [units, replacement] of tried) {
    context.checkStop(); // a large layer's refit takes long by itself
    runs.push({ units, replacement: await replacement(), metric: metricOf(metric), distance: 0 });
  }
  let norm = 0;
  const cut = await LayerProbe.open(graph, layer, shapes, threads);
  let data: Dataset | undefined;
  try {
    data = Dataset.open(source);
    const total = Math.min(samples, data.length);
    let done = 0;
    for (const { images, labels, size } of data.sampled(samples, 0, batchFor(graph, shapes))) {
      const kept = await cut.prefix({ [graph.inputs[0].name]: floats([size, ...data.shape], images) });
      const whole = (await cut.outputs(kept)).data as Float32Array;
      norm += squares(whole);
      for (const run of runs) {
        context.checkStop();
        const outputs = (await cut.outputs(kept, run.replacement)).data as Float32Array;
        run.metric.add(outputs, labels);
        run.distance += squares(outputs, whole);
      }
      done += size;
      context.report({
        done,
        total,
        note: `${done}/${total} samples · ${runs.length} ratios`,
      });
    }
  } finally {
    await cut.close();
    data?.close();
  }
  return new Map(
    runs.map(({ units, metric: result, distance }) => [
      units,
      { score: result.value(), error: distance / (norm || 1) },
    ]),
  );
}

/** The squared length of `a`, or of its difference from `b`. */
function squares(a: Float32Array, b?: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - (b ? b[i] : 0)) ** 2;
  return sum;
}
