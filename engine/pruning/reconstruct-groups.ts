import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { floats, type FloatTensor, type Tensor } from '../tensor/tensor';
import type { ChannelGroups } from './channel-groups';
import { keyOf } from './edits';
import { ForwardFront } from './forward-front';
import type { KeepPlan } from './keep';
import { LayerFit, type Refitted, type Sampled, type Targets } from './layer-fit';
import { maskChannels } from './mask';
import type { ReconstructionSamples } from './samples';
import { type Site, siteOf } from './sites';
import { taught, type Teacher } from './refit-targets';

export interface ReconstructionSettings {
  /** Called before each layer, with how many are done. May throw to stop. */
  readonly onLayer?: (layer: string, done: number, total: number) => void;
  /** What an earlier call refitted: its first layers, in order. They are taken as they are. */
  readonly resumed?: readonly RefittedLayer[];
  /** Called after each layer that was refitted, with all so far. May throw to stop. */
  readonly onRefitted?: (layer: string, refitted: readonly RefittedLayer[], total: number) => void;
  /** The model whose layers say what is to be computed, where that is not `original`. */
  readonly teacher?: Teacher;
}

/** What a layer was given, and what is to be said of it. */
export interface RefittedLayer extends Refitted {
  readonly warning?: string;
}

/** A layer with the weight and bias to refit, and those that share both. */
interface Job {
  readonly name: string;
  readonly weight: string;
  readonly layers: readonly Sampled[];
  /** Input positions that no pruned group holds. */
  readonly keep: readonly number[];
}

/** Unknowns of one system: its normal equations take 8·n² bytes, some 300 MB at this size. */
const mostUnknowns = 6000;

/**
 * Weight reconstruction after pruning: a copy of `original` in which all that the plan removes is masked, and each layer
 * that reads a pruned group is refitted by least squares to what it computed in the original, in forward order, on
 * what reaches it in the copy. `removeChannels` with the same groups and plan then makes it small.
 * @param layers those the groups were found with
 * @returns the masked, refitted graph, and warnings in sentences
 */
export async function reconstructGroups(
  original: Graph,
  layers: readonly Layer[],
  channels: ChannelGroups,
  keep: KeepPlan,
  samples: ReconstructionSamples,
  {
    onLayer,
    onRefitted,
    resumed = [],
    teacher = { graph: original, left: new Map() },
  }: ReconstructionSettings = {},
): Promise<{ graph: Graph; warnings: string[] }> {
  const graph = original.clone();
  for (const [name, tensor] of maskChannels(original, channels, keep)) graph.setConstant(name, tensor);
  const warnings: string[] = [];
  const jobs = jobsOf(original, layers, channels, keep, samples, warnings);
  const targets = await taught(
    teacher,
    jobs.flatMap((job) => job.layers),
    samples,
  );
  const front = new ForwardFront(graph, samples);
  const refitted: RefittedLayer[] = [];
  for (const [done, { name, weight, layers: sampled }] of jobs.entries()) {
    onLayer?.(name, done, jobs.length);
    const open = jobs.slice(done).flatMap((job) => job.layers.map(({ site }) => site.input));
    // By the same cuts also where a layer is known: what reaches those behind it is then the same to the bit.
    await front.advance(sampled[0].site.layer.node, open);
    const own = resumed[done] ?? (await refit(graph, jobs[done], samples, targets, front));
    graph.setConstant(weight, own.weight);
    if (own.bias) setBias(graph, sampled, weight, own.bias);
    if (own.warning) warnings.push(own.warning);
    refitted.push(own);
    if (refitted.length > resumed.length) onRefitted?.(name, refitted, jobs.length);
  }
  return { graph, warnings };
}

/** Refits one layer, or those that share a weight, to what the samples should come to in it. */
async function refit(
  graph: Graph,
  { name, weight, layers, keep: channels }: Job,
  samples: ReconstructionSamples,
  targets: Targets,
  front: ForwardFront,
): Promise<RefittedLayer> {
  const [fit] = await LayerFit.gather(graph, [{ layers, channels }], samples, targets, front.known);
  const own = await fit.refit(graph.constant(weight) as FloatTensor, channels);
  if (fit.samples > fit.unknowns) return own;
  const warning = `${name}: ${fit.samples} reconstruction samples for ${fit.unknowns} unknowns; raise reconstruction.samples (--reconstruction-samples)`;
  return { ...own, warning };
}

/** The layers to refit in forward order, those that share a weight as one. */
function jobsOf(
  graph: Graph,
  layers: readonly Layer[],
  { groups }: ChannelGroups,
  keep: KeepPlan,
  samples: ReconstructionSamples,
  warnings: string[],
): Job[] {
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
  const byWeight = new Map<string, { layer: Layer; site: Site | string; index: number }[]>();
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

/** One layer, or those that share a weight, to be refitted; in words why not. */
export function jobOf(
  weight: string,
  all: readonly { layer: Layer; site: Site | string; index: number }[],
  removed: ReadonlySet<number>,
  samples: ReconstructionSamples,
): Job | string {
  const layers: Sampled[] = [];
  for (const { site, index } of all) {
    if (typeof site === 'string') return site;
    layers.push({ site, at: samples.positions(index, site.height, site.width) });
  }
  const [{ site }] = layers;
  const biases = layers.map(({ site: { bias } }) => bias && bias.node.input[bias.index]);
  if (new Set(biases).size > 1) return 'layers that share its weight do not share its bias';
  const keep = Array.from({ length: site.channels }, (_, at) => at).filter((at) => !removed.has(at));
  const unknowns = keep.length * site.taps;
  if (unknowns > mostUnknowns) return `it has ${unknowns} unknowns, and ${mostUnknowns} are the most`;
  return { name: site.layer.name, weight, layers, keep };
}

/** Gives layers a bias; one that others read as well stays theirs. A MatMul's is added to what follows it. */
export function setBias(graph: Graph, layers: readonly Sampled[], weight: string, bias: FloatTensor): void {
  const nodes = new Map(graph.nodes.map((node) => [keyOf(node), node]));
  const places = layers.map(({ site }) => ({
    node: nodes.get(keyOf(site.bias!.node))!,
    index: site.bias!.index,
    behind: site.bias!.node !== site.layer.node,
  }));
  const [first] = places;
  const name = first.node.input[first.index];
  const old = graph.constant(name) as FloatTensor | undefined;
  const tensor: Tensor =
    first.behind && old
      ? floats(
          old.dims,
          old.data.map((value, at) => value + bias.data[at]),
        )
      : bias;
  const own = name && graph.uses(name).every((node) => places.some((place) => place.node === node));
  const target = own ? name : graph.uniqueName(`${weight}.bias`);
  graph.setConstant(target, tensor);
  for (const { node, index } of places) graph.setInput(node, index, target);
}
