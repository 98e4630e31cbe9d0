import { Dataset, type DatasetSource } from '../../engine/data/dataset';
import { scoreLayer } from '../../engine/jobs/score-layer';
import { splitSizes, worthwhileRank } from '../../engine/jobs/techniques';
import type { LayerScores, ScoreLayerInput, Technique } from '../../engine/jobs/types';
import type { Graph } from '../../engine/onnx/graph';
import { layersOf, macsOf } from '../../engine/onnx/layers';
import { openModel } from '../../engine/onnx/prepare';
import { splitConv } from '../../engine/onnx/rewrites/split-conv';
import { inferShapes } from '../../engine/onnx/shapes';
import { type ChannelPath, channelPaths } from '../../engine/pruning/channel-path';
import { channelMagnitudes, keepMostImportant } from '../../engine/pruning/importance';
import { pruneChannels, prunedMacs } from '../../engine/pruning/prune';
import { fitEquations, refit } from '../../engine/pruning/reconstruct';
import { ReconstructionSamples } from '../../engine/pruning/samples';
import type { CostOf, LayerChoices, Plan } from '../../engine/ratios/plan';
import { mlMatrix } from '../../engine/svd/ml-matrix';
import { macsPerRank, SpatialSvd } from '../../engine/svd/spatial';
import type { FloatTensor } from '../../engine/tensor/tensor';

/** A technique on one model, ready for plans. */
export interface Candidates {
  readonly choices: readonly LayerChoices[];
  readonly costOf: CostOf;
  /** The model compressed by a plan. */
  apply(plan: Plan): Promise<Graph>;
}

const reconstruction = { samples: 500, patches: 10, seed: 0 };
const context = { checkStop: () => undefined, report: () => undefined };

/** The eval scores of every layer that `technique` compresses. */
export async function scoresOf(
  model: string,
  technique: Technique,
  layers: readonly string[],
  data: { readonly train: DatasetSource; readonly evaluate: DatasetSource },
): Promise<LayerScores[]> {
  const candidates = Array.from({ length: 9 }, (_, i) => (i + 1) / 10);
  const scores: LayerScores[] = [];
  for (const layer of layers) {
    const input: ScoreLayerInput = {
      model,
      technique,
      layer,
      candidates,
      ...data,
      reconstruction,
      metric: 'top1',
      threads: 1,
    };
    scores.push(await scoreLayer(input, context));
  }
  return scores;
}

/** Spatial SVD: ranks by layer, costs that add up. */
export function bySvd(model: string, scores: readonly LayerScores[]): Candidates {
  const graph = openModel(model);
  const shapes = inferShapes(graph);
  const whole = macsOf(graph);
  const layers = scores.map((row) => {
    const layer = layersOf(graph, shapes).find(({ name }) => name === row.layer)!;
    const sizes = splitSizes(layer, shapes);
    const svd = SpatialSvd.of(graph.constant(layer.weight) as FloatTensor, mlMatrix);
    return {
      ...row,
      node: layer,
      svd,
      unitCost: macsPerRank(sizes),
      most: worthwhileRank(layer, sizes, svd.maxRank),
    };
  });
  return {
    choices: layers.map((layer) => ({ ...layer, least: 1, full: layer.svd.maxRank })),
    costOf: (plan) =>
      plan.reduce<number>(
        (sum, rank, at) => (rank === null ? sum : sum + rank * layers[at].unitCost - layers[at].node.macs),
        whole,
      ),
    async apply(plan) {
      const copy = graph.clone();
      for (const [at, { layer, svd }] of layers.entries()) {
        const rank = plan[at];
        const own = layersOf(copy).find(({ name }) => name === layer)!;
        if (rank !== null) splitConv(copy, own.node, svd.pair(rank));
      }
      copy.removeDead();
      return copy;
    },
  };
}

/** Channel pruning with the refit of each pruned layer, in forward order. */
export function byPruning(model: string, scores: readonly LayerScores[], train: DatasetSource): Candidates {
  const graph = openModel(model);
  const layers = layersOf(graph);
  const all = channelPaths(graph, layers);
  const paths = scores.map(({ layer }) => all.find(({ consumer }) => consumer.name === layer)!);
  return {
    choices: scores.map((row, at) => ({ ...row, least: 1, most: paths[at].channels - 1 })),
    costOf: (plan) => prunedMacs(layers, paths, plan),
    async apply(plan) {
      const kept = new Map(paths.map(({ consumer }, at) => [consumer.name, plan[at]]));
      return pruned(graph, kept, train);
    },
  };
}

async function pruned(
  original: Graph,
  kept: ReadonlyMap<string, number | null>,
  source: DatasetSource,
): Promise<Graph> {
  const graph = original.clone();
  const all: ChannelPath[] = channelPaths(graph, layersOf(graph));
  const shapes = inferShapes(original);
  const data = Dataset.open(source);
  const samples = new ReconstructionSamples(data, reconstruction, 1, context.checkStop);
  const planned = all.flatMap((path, index) => {
    const units = kept.get(path.consumer.name) ?? null;
    const [, , height, width] = shapes.get(path.consumer.node.output[0])!.map(Number);
    const at = samples.positions(index, height, width);
    return units === null ? [] : [{ path, units, at, layer: path.consumer }];
  });
  const originals = layersOf(original);
  const targets = await samples.targets(
    original,
    planned.map(({ layer, at }) => ({ layer: originals.find(({ name }) => name === layer.name)!, at })),
  );
  for (const { path, units, at, layer } of planned) {
    pruneChannels(
      graph,
      path,
      keepMostImportant(channelMagnitudes(graph.constant(layer.weight) as FloatTensor), units),
    );
    const now = { ...layer, dims: graph.constant(layer.weight)!.dims };
    const target = [...targets].find(([{ name }]) => name === layer.name)![1];
    const equations = await fitEquations(graph, now, samples, at, target);
    const { weight, bias } = refit(equations, now.dims, [...Array(now.dims[1]).keys()]);
    graph.setConstant(layer.weight, weight);
    const name = graph.uniqueName(`${layer.weight}.bias`);
    graph.setConstant(name, bias);
    graph.setInput(layer.node, 2, name);
  }
  data.close();
  graph.removeDead();
  return graph;
}
