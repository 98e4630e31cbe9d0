import type { Graph } from '../onnx/graph';
import { layersOf } from '../onnx/layers';
import { splitConv } from '../onnx/rewrites/split-conv';
import { inferShapes } from '../onnx/shapes';
import { type CostOf, type Selection, selectGreedy } from '../ratios/greedy';
import { macsPerRank, SpatialSvd } from '../svd/spatial';
import { mlMatrix } from '../svd/ml-matrix';
import { readTensors } from '../tensor/safetensors';
import type { FloatTensor } from '../tensor/tensor';
import type { JobContext } from './job';
import { splitSizes, worthwhileRank } from './techniques';
import type { CompressInput, Compression } from './types';

/** Spatial SVD of a whole model: ranks by greedy selection, then a split for each layer that got one. */
export function splitModel(
  graph: Graph,
  before: number,
  { scores, factors = {}, target }: CompressInput,
  context: JobContext,
): Pick<Compression, 'plan' | 'notes'> & { selection: Selection } {
  const shapes = inferShapes(graph);
  const byName = new Map(layersOf(graph, shapes).map((layer) => [layer.name, layer]));
  const choices = scores.map((row) => {
    const layer = byName.get(row.layer)!;
    const sizes = splitSizes(layer, shapes);
    const [n, m, h, w] = layer.dims;
    const maxRank = Math.min(m * h, n * w);
    return {
      ...row,
      node: layer,
      least: 1,
      most: worthwhileRank(layer, sizes, maxRank),
      maxRank,
      unitCost: macsPerRank(sizes),
    };
  });
  const costOf: CostOf = (plan) =>
    plan.reduce<number>(
      (sum, rank, i) => (rank === null ? sum : sum + rank * choices[i].unitCost - choices[i].node.macs),
      before,
    );
  const selection = selectGreedy(choices, costOf, target * before);
  const plan = choices.flatMap(({ layer, node, maxRank, unitCost }, i) => {
    const rank = selection.plan[i];
    if (rank === null) return [];
    context.checkStop();
    const file = factors[layer];
    const svd = file
      ? SpatialSvd.fromTensors(readTensors(file).tensors)
      : SpatialSvd.of(graph.constant(node.weight) as FloatTensor, mlMatrix);
    splitConv(graph, node.node, svd.pair(rank));
    return [{ layer, units: rank, of: maxRank, ratio: (rank * unitCost) / node.macs }];
  });
  return { selection, plan, notes: [] };
}
