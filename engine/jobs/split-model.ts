import { linearAlgebra } from '../linalg/choose';
import type { Graph } from '../onnx/graph';
import { layersOf } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { type CostOf, type Selection, selectGreedy } from '../ratios/greedy';
import { macsPerRank, spatialSvd } from '../svd/spatial';
import { readTensors } from '../tensor/safetensors';
import type { JobContext } from './job';
import { splitSizes, worthwhileRank } from './techniques';
import type { CompressInput, Compression } from './types';

/** Spatial SVD of a whole model: ranks by greedy selection, then a split for each layer that got one. */
export async function splitModel(
  graph: Graph,
  before: number,
  { scores, factors = {}, target, threads }: CompressInput,
  context: JobContext,
): Promise<Pick<Compression, 'plan' | 'notes'> & { selection: Selection }> {
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
  const library = linearAlgebra({ threads });
  const plan: Compression['plan'][number][] = [];
  for (const [i, { layer, node, maxRank, unitCost }] of choices.entries()) {
    const rank = selection.plan[i];
    if (rank === null) continue;
    context.checkStop();
    const file = factors[layer];
    const svd = file
      ? spatialSvd.restore(node, readTensors(file).tensors, library)
      : await spatialSvd.decompose(graph, node, library);
    svd.split(graph, node.node, rank);
    plan.push({ layer, units: rank, of: maxRank, ratio: (rank * unitCost) / node.macs });
  }
  return { selection, plan, notes: [] };
}
