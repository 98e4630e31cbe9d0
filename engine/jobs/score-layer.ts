import { Dataset } from '../data/dataset';
import { metricOf } from '../data/metric';
import { EngineError } from '../errors';
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
import { mlMatrix } from '../svd/ml-matrix';
import { macsPerRank, SpatialSvd } from '../svd/spatial';
import { writeTensors } from '../tensor/safetensors';
import { floats, type FloatTensor } from '../tensor/tensor';
import type { JobContext } from './job';
import { splitSizes, worthwhileRank } from './techniques';
import type { LayerScores, ScoreLayerInput } from './types';

interface Candidate {
  readonly ratio: number;
  readonly units: number;
  readonly replacement: () => Replacement;
}

/**
 * One layer's row of the eval-score dictionary: the model's metric with this layer alone compressed to each candidate
 * ratio (AIMET). A low-rank pair and a pruned layer equal the layer with another weight of the same shape, so that
 * every candidate runs on the same cut network.
 */
export async function scoreLayer(input: ScoreLayerInput, context: JobContext): Promise<LayerScores> {
  const graph = openModel(input.model);
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  const layer = layers.find(({ name }) => name === input.layer);
  if (!layer) throw new EngineError('InvalidSettings', `${input.layer} is no layer of ${input.model}`);
  const candidates =
    input.technique === 'spatial-svd'
      ? svdCandidates(graph, layer, shapes, input)
      : await pruningCandidates(graph, layer, layers, shapes, input, context);
  const values = await probe(graph, layer, shapes, candidates, input, context);
  const scores = candidates.map(({ ratio, units }, at) => ({ ratio, units, score: values[at] }));
  return { layer: layer.name, technique: input.technique, scores };
}

/** Low-rank weights; the decomposition is written out once for every rank and target to come. */
function svdCandidates(
  graph: Graph,
  layer: Layer,
  shapes: Shapes,
  { candidates, factors }: ScoreLayerInput,
): Candidate[] {
  const svd = SpatialSvd.of(graph.constant(layer.weight) as FloatTensor, mlMatrix);
  if (factors) writeTensors(factors, svd.toTensors());
  const sizes = splitSizes(layer, shapes);
  const most = worthwhileRank(layer, sizes, svd.maxRank);
  return candidates.map((ratio) => {
    const units = unitsFor(ratio, layer.macs, macsPerRank(sizes), most);
    return { ratio, units, replacement: () => ({ weight: svd.lowRank(units) }) };
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
    const targets = (await samples.targets(graph, [{ layer, at }])).get(layer)!;
    const equations = await fitEquations(graph, layer, samples, at, targets);
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

/** The metric with each candidate's weight; candidates of the same units share a value. */
async function probe(
  graph: Graph,
  layer: Layer,
  shapes: Shapes,
  candidates: readonly Candidate[],
  { evaluate: source, metric, threads }: ScoreLayerInput,
  context: JobContext,
): Promise<number[]> {
  const tried = new Map(candidates.map(({ units, replacement }) => [units, replacement]));
  const runs = [...tried].map(([units, replacement]) => ({
    units,
    replacement: replacement(),
    metric: metricOf(metric),
  }));
  const data = Dataset.open(source);
  const cut = await LayerProbe.open(graph, layer, shapes, threads);
  try {
    let done = 0;
    for (const { images, labels, size } of data.batches(batchFor(shapes))) {
      const kept = await cut.prefix({ [graph.inputs[0].name]: floats([size, ...data.shape], images) });
      for (const run of runs) {
        context.checkStop();
        run.metric.add((await cut.outputs(kept, run.replacement)).data as Float32Array, labels);
      }
      done += size;
      context.report({
        done,
        total: data.length,
        note: `${done}/${data.length} samples · ${runs.length} ratios`,
      });
    }
  } finally {
    await cut.close();
    data.close();
  }
  const value = new Map(runs.map(({ units, metric: result }) => [units, result.value()]));
  return candidates.map(({ units }) => value.get(units)!);
}
