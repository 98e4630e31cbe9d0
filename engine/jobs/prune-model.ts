import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { type Layer, layersOf } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { type ChannelPath, channelPaths } from '../pruning/channel-path';
import { channelMagnitudes, keepMostImportant } from '../pruning/importance';
import { pruneChannels, prunedMacs } from '../pruning/prune';
import { fitEquations, refit } from '../pruning/reconstruct';
import { ReconstructionSamples } from '../pruning/samples';
import { type CostOf, type Selection, selectGreedy } from '../ratios/greedy';
import type { FloatTensor } from '../tensor/tensor';
import type { JobContext } from './job';
import type { CompressInput, Compression } from './types';

/**
 * Channel pruning of a whole model: channels by greedy selection, then layer by layer in forward order the pruning
 * itself and the refit of the pruned layer to what it computed in the model as it was.
 */
export async function pruneModel(
  graph: Graph,
  before: number,
  { scores, target, train: source, reconstruction, threads }: CompressInput,
  context: JobContext,
): Promise<Pick<Compression, 'plan' | 'notes'> & { selection: Selection }> {
  const original = graph.clone();
  const layers = layersOf(graph);
  const all = channelPaths(graph, layers);
  const paths = scores.map(({ layer }) => {
    const path = all.find(({ consumer }) => consumer.name === layer);
    if (path) return path;
    throw new EngineError('InvalidSettings', `the input channels of layer ${layer} cannot be pruned`);
  });
  const choices = scores.map((row, i) => ({ ...row, least: 1, most: paths[i].channels - 1 }));
  const costOf: CostOf = (plan) => prunedMacs(layers, paths, plan);
  const selection = selectGreedy(choices, costOf, target * before);
  const pruned = paths
    .map((path, i) => ({ path, index: all.indexOf(path), units: selection.plan[i] }))
    .filter((item): item is Item => item.units !== null && item.units < item.path.channels)
    .sort((a, b) => a.index - b.index);
  const notes: string[] = [];
  const train = Dataset.open(source);
  try {
    const samples = new ReconstructionSamples(train, reconstruction, threads, () => context.checkStop());
    await refitAll(graph, original, pruned, samples, context, notes);
  } finally {
    train.close();
  }
  const plan = pruned.map(({ path, units }) => ({
    layer: path.consumer.name,
    units,
    of: path.channels,
    ratio: units / path.channels,
  }));
  return { selection, plan, notes };
}

interface Item {
  readonly path: ChannelPath;
  readonly index: number;
  readonly units: number;
}

async function refitAll(
  graph: Graph,
  original: Graph,
  pruned: readonly Item[],
  samples: ReconstructionSamples,
  context: JobContext,
  notes: string[],
): Promise<void> {
  const shapes = inferShapes(original);
  const planned = pruned.map(({ path, index }) => {
    const [, , height, width] = shapes.get(path.consumer.node.output[0])!.map(Number);
    return { layer: path.consumer, at: samples.positions(index, height, width) };
  });
  const targets = await samples.targets(original, planned);
  for (const [done, { path, units }] of pruned.entries()) {
    const { name, weight, node } = path.consumer;
    context.report({ done, total: pruned.length, note: `reconstructing ${name}` });
    // Forward order: the consumer's own filters are still whole here, a later consumer slices the refitted ones.
    pruneChannels(
      graph,
      path,
      keepMostImportant(channelMagnitudes(graph.constant(weight) as FloatTensor), units),
    );
    const layer: Layer = { ...path.consumer, dims: graph.constant(weight)!.dims };
    const equations = await fitEquations(graph, layer, samples, planned[done].at, targets.get(path.consumer));
    if (equations.samples <= equations.unknowns) {
      notes.push(
        `${name}: ${equations.samples} reconstruction samples for ${equations.unknowns} unknowns; raise reconstruction.samples`,
      );
    }
    const { weight: kernel, bias } = refit(equations, layer.dims, range(layer.dims[1]));
    graph.setConstant(weight, kernel);
    // Exporters and optimizers share equal biases between layers: the refitted one is this layer's alone.
    const own = node.input[2] && graph.uses(node.input[2]).length === 1;
    const biasName = own ? node.input[2] : graph.uniqueName(`${weight}.bias`);
    graph.setConstant(biasName, bias);
    graph.setInput(node, 2, biasName);
  }
}

const range = (size: number) => Array.from({ length: size }, (_, i) => i);
