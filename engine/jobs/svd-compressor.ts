import { existsSync } from 'node:fs';

import { copiesOf } from '../onnx/copies';
import type { Graph } from '../onnx/graph';
import { type Layer, layersOf, macsOf, paramsOf } from '../onnx/layers';
import { inferShapes, type Shapes } from '../onnx/shapes';
import type { Plan } from '../ratios/plan';
import { layerAlone } from '../runtime/latency-curve';
import { setBias } from '../reconstruction/own-bias';
import { type Decomposition, type Projected, worthwhileRank } from '../svd/factorization';
import type { Factors } from '../svd/low-rank';
import { svdMethods, type SvdTechnique } from '../svd/methods';
import type { RefittedPair } from '../svd/refit-pair';
import { PairTrial, refitPairs, type Split } from '../svd/refit-pairs';
import { readTensors, writeTensors } from '../tensor/safetensors';
import { floats, sizeOf, type Tensor } from '../tensor/tensor';
import type { Compressor, Means, Part, Trials } from './compressor';
import { Eligibility } from './eligibility';
import type { Method } from '../names';
import { perModel } from './per-model';
import type { Frozen } from './types';
import { withSamples } from './with-samples';
import { WorkCheckpoints } from './work-checkpoints';
import { own } from '../table';

/** A weight that is decomposed, with all layers that read it. */
interface SvdPart extends Part {
  readonly weight: string;
  /** Cost of one unit of rank in all of its layers, and their present cost. */
  readonly unit: { readonly macs: number; readonly params: number };
  readonly whole: { readonly macs: number; readonly params: number };
}

/** Spatial or weight SVD of a model: a part is a weight, which may serve several layers. */
export function svdCompressor(graph: Graph, means: Means): Compressor {
  const technique = means.method.technique as SvdTechnique;
  const { parts, frozen, shapes, base } = svdParts(graph, means.method);
  const refits = isRefitted(means);
  const decomposed = new Map<string, Promise<Decomposition>>();
  const decompositionOf = (part: SvdPart): Promise<Decomposition> => {
    let found = decomposed.get(part.name);
    if (!found) decomposed.set(part.name, (found = decompose(graph, part, means)));
    return found;
  };
  const costOf = (cost: 'macs' | 'params') => (plan: Plan) =>
    plan.reduce<number>(
      (sum, rank, at) => (rank === null ? sum : sum + rank * parts[at].unit[cost] - parts[at].whole[cost]),
      base[cost],
    );
  const [paramsOfPlan, held] = [costOf('params'), heldByCopies(graph, parts)];
  return {
    parts,
    frozen,
    costOf: { macs: costOf('macs'), params: (plan) => paramsOfPlan(plan) + held(plan) },
    async trials(part) {
      const { weight } = part as SvdPart;
      const decomposition = await decompositionOf(part as SvdPart);
      const refitted = refits && (await pairTrial(part as SvdPart, decomposition));
      if (refitted) return refitted;
      const trials = (of: Graph, constant: string, at: (rank: number) => Promise<Tensor>): Trials => ({
        graph: of,
        constants: [constant],
        at: async (rank) => (rank >= part.full ? new Map() : new Map([[constant, await at(rank)]])),
      });
      const { projected } = decomposition;
      if (!projected) return trials(graph, weight, (rank) => decomposition.lowRank(rank));
      const projecting = graph.clone();
      const constant = project(projecting, part as SvdPart, projected);
      return trials(projecting, constant, (rank) => projected.at(rank));
    },
    async alone(part, rank) {
      if (rank === null) return part.layers.map((layer) => layerAlone(graph, layer, shapes));
      const decomposition = await decompositionOf(part as SvdPart);
      return Promise.all(
        part.layers.map(async (layer) => {
          const alone = layerAlone(graph, layer, shapes).clone();
          await decomposition.split(alone, alone.producer(layer.node.output[0])!, rank);
          alone.removeDead();
          return alone;
        }),
      );
    },
    async compress(plan) {
      const [compressed, equivalent] = [graph.clone(), graph.clone()];
      const splits: Split[] = [];
      for (const [at, part] of parts.entries()) {
        const rank = plan[at];
        if (rank === null) continue;
        means.context.checkStop();
        const total = parts.length * (refits ? 2 : 1);
        means.context.report({ done: at, total, note: `splitting ${part.name}` });
        const decomposition = await decompositionOf(part);
        const { projected } = decomposition;
        if (projected) equivalent.setConstant(project(equivalent, part, projected), await projected.at(rank));
        else equivalent.setConstant(part.weight, await decomposition.lowRank(rank));
        splits.push({ ...part, decomposition, rank });
      }
      const { pairs, warnings } = refits ? await refit(equivalent, splits) : notRefitted;
      for (const split of splits) {
        const pair = pairs.get(split.weight);
        if (pair?.bias) setBias(compressed, pair.job.layers, split.weight, pair.bias);
        await splitAll(compressed, split, pair?.factors);
      }
      compressed.removeDead();
      return { graph: compressed, equivalent, notes: warnings };
    },
  };

  async function pairTrial(part: SvdPart, decomposition: Decomposition): Promise<Trials | undefined> {
    const trial = await withSamples(graph, means, (samples) =>
      PairTrial.open(graph, shapes, { ...part, decomposition }, samples),
    );
    if (typeof trial === 'string') return undefined;
    return {
      graph: trial.graph,
      constants: trial.constants,
      at: async (rank) => (rank >= part.full ? new Map() : trial.replacements(rank)),
    };
  }

  /** Refits the pairs of all split layers, from the last checkpoint if there is one. */
  function refit(equivalent: Graph, splits: readonly Split[]): ReturnType<typeof refitPairs> {
    const { context, reconstruction, checkpointing } = means;
    const identity = JSON.stringify([splits.map(({ name, rank }) => [name, rank]), reconstruction]);
    const checkpoints = new WorkCheckpoints<readonly RefittedPair[]>(context, identity, checkpointing);
    // The first half of the work is the splitting.
    const far = (done: number, total: number) => ({
      done: parts.length * (1 + done / total),
      total: 2 * parts.length,
    });
    return withSamples(graph, means, (samples) =>
      refitPairs(graph, equivalent, splits, samples, {
        teacher: means.teacher,
        resumed: checkpoints.resumed(),
        onLayer: (layer, done, total) => context.report({ ...far(done, total), note: `refitting ${layer}` }),
        onRefitted: (layer, refitted, total) =>
          checkpoints.passed({
            ...far(refitted.length, total),
            note: `refitted ${layer}`,
            state: () => refitted,
          }),
      }),
    );
  }

  async function decompose(from: Graph, part: SvdPart, { tools, factors }: Means): Promise<Decomposition> {
    const [layer] = part.layers;
    const known = typeof factors === 'object' ? own(factors, part.name) : undefined;
    if (known && existsSync(known))
      return svdMethods[technique].restore(from, layer, readTensors(known).tensors, tools.algebra);
    const found = await svdMethods[technique].decompose(from, layer, tools.algebra);
    if (typeof factors === 'string') writeTensors(factors, found.toTensors());
    return found;
  }
}

/** Tells if pairs are refitted: if that was asked for, and there are images for it rather than random inputs. */
export const isRefitted = ({
  method,
  reconstruction,
  train,
}: Pick<Means, 'method' | 'reconstruction' | 'train'>): boolean =>
  reconstruction.svd === true && method.technique in svdMethods && !('random' in train);

const notRefitted: Awaited<ReturnType<typeof refitPairs>> = { pairs: new Map(), warnings: [] };

/** Decomposable parts of a model. */
export interface SvdParts {
  readonly parts: readonly SvdPart[];
  readonly frozen: readonly Frozen[];
  readonly shapes: Shapes;
  /** Cost of the untouched model. */
  readonly base: { readonly macs: number; readonly params: number };
}

/** Lists weights worth splitting, in execution order of their first layers, and the layers that must stay. */
export const svdParts = perModel((graph: Graph, method: Method): SvdParts => {
  const shapes = inferShapes(graph);
  const technique = method.technique as SvdTechnique;
  const svd = svdMethods[technique];
  const eligibility = new Eligibility(graph, method);
  const frozen: Frozen[] = [];
  const byWeight = new Map<string, Layer[]>();
  for (const layer of layersOf(graph, shapes))
    byWeight.set(layer.weight, [...(byWeight.get(layer.weight) ?? []), layer]);
  const parts = [...byWeight].flatMap(([weight, layers]): SvdPart[] => {
    const why = eligibility.refusalOf(layers) ?? firstOf(layers, (layer) => svd.refusal(graph, layer));
    if (why !== undefined) {
      frozen.push(...layers.map(({ name }) => ({ name, technique, why })));
      return [];
    }
    const [layer] = layers;
    const each = layers.map((one) => svd.costPerRank(one, shapes));
    const unit = { macs: each.reduce((sum, { macs }) => sum + macs, 0), params: each[0].params };
    const whole = {
      macs: layers.reduce((sum, { macs }) => sum + macs, 0),
      params: sizeOf(layer.dims),
    };
    const cost = method.cost === 'params' ? 'params' : 'macs';
    const most = Math.min(...layers.map((one) => worthwhileRank(svd, one, shapes, cost)));
    if (most < 1) {
      const why = 'even two layers of rank 1 would cost more';
      frozen.push(...layers.map(({ name }) => ({ name, technique, why })));
      return [];
    }
    const full = svd.maxRank(layer);
    return [
      { name: layer.name, layers, weight, full, most, unitsAtOne: whole[cost] / unit[cost], unit, whole },
    ];
  });
  const base = { macs: macsOf(graph), params: paramsOf(graph) };
  return { parts, frozen, shapes, base };
});

/**
 * Counts elements that a plan does not save although it splits their layers, since the file holds equal weights once:
 * they stay until the last of their layers is split.
 */
function heldByCopies(graph: Graph, parts: readonly SvdPart[]): (plan: Plan) => number {
  const copies = copiesOf(graph);
  const weights = [...new Set(copies.values())].map((holder) => {
    const equal = new Set([
      holder,
      ...[...copies].flatMap(([copy, held]) => (held === holder ? [copy] : [])),
    ]);
    const splittable = parts.flatMap(({ weight }, at) => (equal.has(weight) ? [at] : []));
    return { equal: equal.size, splittable, size: sizeOf(graph.constantDims(holder)!) };
  });
  const shared = weights.filter(({ splittable }) => splittable.length);
  return (plan) =>
    shared.reduce((sum, { equal, splittable, size }) => {
      const split = splittable.filter((at) => plan[at] !== null).length;
      return sum + size * (split < equal ? split : split - 1);
    }, 0);
}

const firstOf = (layers: readonly Layer[], why: (layer: Layer) => string | undefined): string | undefined =>
  layers.map(why).find((reason) => reason !== undefined);

/**
 * Inserts a projection next to every layer of a part.
 * @returns the name of its constant, initially the identity
 */
function project(graph: Graph, { layers, weight }: SvdPart, projected: Projected): string {
  const constant = graph.uniqueName(`${weight}.projector`);
  const { size } = projected;
  const identity = floats([size, size]);
  for (let at = 0; at < size; at++) identity.data[at * size + at] = 1;
  graph.setConstant(constant, identity);
  for (const { node } of layers) projected.insert(graph, graph.producer(node.output[0])!, constant);
  return constant;
}

/** Splits every layer of a part; all of them read the same pair of weights. */
async function splitAll(
  graph: Graph,
  { layers, decomposition, rank }: Split,
  factors: Factors | undefined,
): Promise<void> {
  let first: string[] | undefined;
  for (const { node } of layers) {
    const before = new Set(graph.initializers);
    await decomposition.split(graph, graph.producer(node.output[0])!, rank, factors);
    const made = graph.initializers.filter((name) => !before.has(name));
    if (!first) first = made;
    else {
      const shared = new Map(made.map((name, at) => [name, first![at]]));
      for (const name of made)
        for (const use of [...graph.uses(name)])
          use.input.forEach((value, at) => value === name && graph.setInput(use, at, shared.get(name)!));
    }
  }
}
