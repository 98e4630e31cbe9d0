import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import {
  type ReconstructionSettings,
  type RefittedLayer,
  refitInOrder,
} from '../reconstruction/refit-in-order';
import { jobOf, type ReadingLayer, type RefitJob } from '../reconstruction/refit-jobs';
import type { Teacher } from '../reconstruction/refit-targets';
import type { ReconstructionSamples } from '../reconstruction/samples';
import { siteOf } from '../reconstruction/sites';
import type { ChannelGroups } from './channel-groups';
import type { KeepPlan } from './keep';
import { maskChannels } from './mask';

/**
 * Reconstructs weights after pruning: in a copy of `original` everything that the plan removes is masked, and each
 * layer that reads a pruned group is refitted by least squares to what it computed in the original, in forward order,
 * from what reaches it in the copy. `removeChannels` with the same groups and plan then makes it small.
 * @param layers those the groups were found with
 * @param teacher the model whose layers compute the targets, if it is not `original`
 * @returns the masked, refitted graph, and warnings in sentences
 */
export async function reconstructGroups(
  original: Graph,
  layers: readonly Layer[],
  channels: ChannelGroups,
  keep: KeepPlan,
  samples: ReconstructionSamples,
  {
    teacher = { graph: original, left: new Map() },
    ...settings
  }: ReconstructionSettings & { readonly teacher?: Teacher } = {},
): Promise<{ graph: Graph; warnings: string[] }> {
  const graph = original.clone();
  for (const [name, tensor] of maskChannels(original, channels, keep)) graph.setConstant(name, tensor);
  const warnings: string[] = [];
  const jobs = jobsOf(original, layers, channels, keep, samples, warnings);
  const refitted = await refitInOrder<RefittedLayer>(
    graph,
    jobs,
    teacher,
    samples,
    (job, fit, weight) => fit.refit(weight, job.keep),
    settings,
  );
  return { graph, warnings: [...warnings, ...refitted.flatMap(({ warning }) => warning ?? [])] };
}

/** Lists the layers to refit in forward order; those that share a weight are one job. */
function jobsOf(
  graph: Graph,
  layers: readonly Layer[],
  { groups }: ChannelGroups,
  keep: KeepPlan,
  samples: ReconstructionSamples,
  warnings: string[],
): RefitJob[] {
  const shapes = inferShapes(graph);
  const gone = new Map<Node, Set<number>>();
  groups.forEach(({ consumers }, at) => {
    const own = keep[at] && new Set(keep[at]);
    for (const { layer, positions } of own ? consumers : []) {
      const set = gone.get(layer.node) ?? new Set<number>();
      positions.forEach((all, channel) => own!.has(channel) || all.forEach((position) => set.add(position)));
      if (set.size) gone.set(layer.node, set);
    }
  });
  const byWeight = new Map<string, ReadingLayer[]>();
  layers.forEach((layer, index) => {
    if (!gone.has(layer.node)) return;
    const known = byWeight.get(layer.weight) ?? [];
    byWeight.set(layer.weight, [...known, { layer, site: siteOf(graph, layer, shapes), index }]);
  });
  return [...byWeight].flatMap(([weight, all]) => {
    const [{ layer }] = all;
    const job = jobOf(weight, all, gone.get(layer.node)!, samples);
    if (typeof job !== 'string') return [job];
    warnings.push(`${layer.name} was not refitted after pruning: ${job}`);
    return [];
  });
}
