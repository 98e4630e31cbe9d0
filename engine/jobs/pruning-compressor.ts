import type { Graph } from '../onnx/graph';
import { type Layer, layersOf } from '../onnx/layers';
import { inferShapes, type Shapes } from '../onnx/shapes';
import { type ChannelGroups, channelGroups } from '../pruning/channel-groups';
import type { ChannelGroup } from '../pruning/group';
import { costModel } from '../pruning/cost';
import { channelImportance, keepMostImportant } from '../pruning/importance';
import { keepAllBut, type KeepPlan } from '../pruning/keep';
import { reconstructGroups } from '../pruning/reconstruct-groups';
import type { RefittedLayer } from '../reconstruction/refit-in-order';
import { removeChannels } from '../pruning/remove-channels';
import { outputsLeft } from '../pruning/outputs-left';
import { GroupTrial } from '../pruning/trial';
import type { Plan } from '../ratios/plan';
import { layerAlone } from '../runtime/latency-curve';
import type { Compressor, Means, Part } from './compressor';
import { Eligibility } from './eligibility';
import type { ImportanceName, Method } from '../names';
import { perModel } from './per-model';
import { taylorOf } from './taylor';
import type { Frozen } from './types';
import { withSamples } from './with-samples';
import { WorkCheckpoints } from './work-checkpoints';
import { own } from '../table';

/** Channels that are tied together, and their position among all groups of the model. */
interface PruningPart extends Part {
  readonly index: number;
  readonly group: ChannelGroup;
}

/** Channel pruning of a model: a part is a group of channels that can only be removed together. */
export function pruningCompressor(graph: Graph, means: Means): Compressor {
  const { method, context, reconstruction, selection } = means;
  const { parts, frozen, channels, layers, shapes } = pruningParts(graph, method);
  let model: ReturnType<typeof costModel> | undefined;
  const cost = (kept: (number | null)[]) => (model ??= costModel(graph, layers, channels))(kept);
  const byHand = new Map(
    parts.flatMap(({ name, full }) => {
      const removed = selection && own(selection.channels, name);
      return removed ? [[name, keepAllBut(full, removed, name)]] : [];
    }),
  );
  const counts = (plan: Plan) => {
    const kept: (number | null)[] = channels.groups.map(() => null);
    parts.forEach(({ index }, at) => (kept[index] = plan[at]));
    return kept;
  };
  const known = new Map<string, Float64Array>();
  const openTrial = (group: ChannelGroup) =>
    withSamples(graph, means, (samples) => GroupTrial.open(graph, layers, shapes, group, samples));
  const byWeights = (criterion: 'l1' | 'l2') => async (groups: readonly ChannelGroup[]) =>
    groups.map((group) => channelImportance(graph, group, criterion));
  const importances: Record<ImportanceName, (groups: readonly ChannelGroup[]) => Promise<Float64Array[]>> = {
    l1: byWeights('l1'),
    l2: byWeights('l2'),
    taylor: (groups) => taylorOf(graph, groups, means),
    reconstruction: async (groups) => {
      const found: Float64Array[] = [];
      // One after another, since each group's equations take much memory.
      for (const group of groups) found.push(await (await openTrial(group)).importance());
      return found;
    },
  };
  /** Computes the importances of the channels of parts; those that need gradients are computed together. */
  const rank = async (wanted: readonly PruningPart[]): Promise<void> => {
    const open = wanted.filter(({ name }) => !known.has(name) && !byHand.has(name));
    if (!open.length) return;
    const found = await importances[method.importance](open.map(({ group }) => group));
    open.forEach(({ name }, at) => known.set(name, found[at]));
  };
  const keepOf = ({ name }: Part, units: number) =>
    byHand.get(name) ?? keepMostImportant(known.get(name)!, units);
  const keepPlan = (plan: Plan): KeepPlan => {
    const keep: (readonly number[] | null)[] = channels.groups.map(() => null);
    parts.forEach((part, at) => {
      const units = plan[at];
      if (units !== null && units < part.full) keep[part.index] = keepOf(part, units);
    });
    return keep;
  };
  return {
    parts,
    frozen,
    costOf: { macs: (plan) => cost(counts(plan)).macs, params: (plan) => cost(counts(plan)).params },
    async trials(part) {
      const trial = await openTrial((part as PruningPart).group);
      // The trial has summed the equations that this importance needs.
      if (method.importance === 'reconstruction' && !byHand.has(part.name))
        known.set(part.name, await trial.importance());
      else await rank([part as PruningPart]);
      return {
        graph: trial.graph,
        constants: trial.constants,
        at: async (units) => (units >= part.full ? new Map() : trial.replacements(keepOf(part, units))),
      };
    },
    async alone(part, units) {
      const touched = new Set(part.layers.map(({ node }) => node.output[0]));
      let pruned = graph;
      if (units !== null) {
        await rank([part as PruningPart]);
        pruned = graph.clone();
        const { index } = part as PruningPart;
        removeChannels(
          pruned,
          channels,
          channels.groups.map((_, at) => (at === index ? keepOf(part, units) : null)),
        );
      }
      const sizes = inferShapes(pruned);
      return layersOf(pruned, sizes)
        .filter(({ node }) => touched.has(node.output[0]))
        .map((layer) => layerAlone(pruned, layer, sizes));
    },
    async compress(plan) {
      await rank(parts.filter((_, at) => plan[at] !== null));
      const keep = keepPlan(plan);
      const identity = JSON.stringify([keep, reconstruction]);
      const checkpoints = new WorkCheckpoints<readonly RefittedLayer[]>(
        context,
        identity,
        means.checkpointing,
      );
      const { graph: equivalent, warnings } = await withSamples(graph, means, (samples) =>
        reconstructGroups(graph, layers, channels, keep, samples, {
          teacher: means.teacher,
          resumed: checkpoints.resumed(),
          onLayer: (layer, done, total) => context.report({ done, total, note: `reconstructing ${layer}` }),
          onRefitted: (layer, refitted, total) =>
            checkpoints.passed({
              done: refitted.length,
              total,
              note: `reconstructed ${layer}`,
              state: () => refitted,
            }),
        }),
      );
      const compressed = equivalent.clone();
      removeChannels(compressed, channels, keep);
      compressed.removeDead();
      const left = outputsLeft(channels, keep, means.teacher?.left);
      return { graph: compressed, equivalent, notes: warnings, left };
    },
  };
}

/** Prunable parts of a model. */
export interface PruningParts {
  readonly parts: readonly PruningPart[];
  readonly frozen: Frozen[];
  readonly channels: ChannelGroups;
  readonly layers: readonly Layer[];
  readonly shapes: Shapes;
}

/** Lists groups that may be pruned, in execution order of their first readers, and the layers that must stay. */
export const pruningParts = perModel((graph: Graph, method: Method): PruningParts => {
  const technique = 'channel-pruning';
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  const channels = channelGroups(graph, layers, shapes);
  const eligibility = new Eligibility(graph, method);
  const frozen = channels.frozen.map(({ name, why }): Frozen => ({ name, technique, why }));
  const parts = channels.groups.flatMap((group, index): PruningPart[] => {
    const { name, consumers, producers, channels: full } = group;
    const touched = [...new Set([...consumers.map(({ layer }) => layer), ...producers])];
    const why =
      eligibility.refusalOf(touched) ??
      (method.coupled || group.aimet
        ? undefined
        : 'its channels are tied across branches, and coupled is off');
    if (why === undefined)
      return [
        {
          name,
          layers: touched,
          full,
          most: full - 1,
          unitsAtOne: full,
          width: widthOf(group),
          index,
          group,
        },
      ];
    frozen.push({ name, technique, why });
    return [];
  });
  return { parts, frozen, channels, layers, shapes };
});

/** Returns the channels in memory that one channel of a group is, in the layer that reads fewest of them. */
const widthOf = ({ consumers }: ChannelGroup): number =>
  Math.min(...consumers.map(({ positions }) => positions[0].length));
