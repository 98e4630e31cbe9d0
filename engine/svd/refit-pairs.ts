import type { Graph } from '../onnx/graph';
import { keyOf, type Layer, layersOf } from '../onnx/layers';
import { inferShapes, type Shapes } from '../onnx/shapes';
import { LayerFit } from '../reconstruction/layer-fit';
import { type OwnBias, ownBias } from '../reconstruction/own-bias';
import {
  type ReconstructionSettings,
  type RefittedLayer,
  refitInOrder,
} from '../reconstruction/refit-in-order';
import { jobOf, type RefitJob } from '../reconstruction/refit-jobs';
import type { Teacher } from '../reconstruction/refit-targets';
import type { ReconstructionSamples } from '../reconstruction/samples';
import { siteOf } from '../reconstruction/sites';
import type { Tensor } from '../tensor/tensor';
import type { Decomposition } from './factorization';
import { PairFit, type RefittedPair } from './refit-pair';

/** A weight that is decomposed, with the layers that read it. */
export interface Decomposed {
  readonly name: string;
  readonly weight: string;
  readonly layers: readonly Layer[];
  readonly decomposition: Decomposition;
}

/** A weight that is split at a rank. */
export interface Split extends Decomposed {
  readonly rank: number;
}

/** A pair that was refitted, and how to fit its bias into a graph. */
export interface Refitted extends RefittedPair {
  readonly job: RefitJob;
}

/**
 * Refits the pairs of split layers in forward order, each to what the layer computes in `original`, on what reaches it
 * after those before it were split and refitted (`PairFit`).
 * @param equivalent a copy of `original` in which the weights are those of the pairs; it is given the refitted ones
 * @param teacher the model whose layers are the targets; `original` by default
 * @returns the refitted pairs by weight, and in sentences which layers keep the pairs of their decomposition, and why
 */
export async function refitPairs(
  original: Graph,
  equivalent: Graph,
  splits: readonly Split[],
  samples: ReconstructionSamples,
  {
    teacher = { graph: original, left: new Map() },
    ...settings
  }: ReconstructionSettings<RefittedPair & RefittedLayer> & { readonly teacher?: Teacher } = {},
): Promise<{ pairs: ReadonlyMap<string, Refitted>; warnings: string[] }> {
  const shapes = inferShapes(original);
  const warnings: string[] = [];
  const jobs: RefitJob[] = [];
  const places = placesIn(teacher.graph);
  for (const split of splits) {
    const job = refitJob(original, places, shapes, split, samples);
    if (typeof job !== 'string') jobs.push(job);
    else warnings.push(`${split.name} was not refitted after it was split: ${job}`);
  }
  const byWeight = new Map(splits.map((split) => [split.weight, split]));
  const refitted = await refitInOrder<RefittedPair>(
    equivalent,
    jobs,
    teacher,
    samples,
    async ({ weight }, fit) => {
      const { decomposition, rank } = byWeight.get(weight)!;
      const pair = await PairFit.of(fit, decomposition.rows, samples.algebra);
      return pair.refit(await decomposition.factors(rank));
    },
    settings,
  );
  return {
    pairs: new Map(jobs.map((job, at) => [job.weight, { ...refitted[at], job }])),
    warnings: [...warnings, ...refitted.flatMap(({ warning }) => warning ?? [])],
  };
}

/** A decomposed layer with refitted pairs of any rank, as weights of the original's shapes. */
export class PairTrial {
  private constructor(
    /** The model, with a bias of the layer's own. */
    readonly graph: Graph,
    private readonly weight: string,
    private readonly bias: OwnBias | undefined,
    private readonly fit: PairFit,
    private readonly decomposition: Decomposition,
  ) {}

  /**
   * Sees the reconstruction samples once.
   * @returns the trial, or in words why the layer can't be refitted
   */
  static async open(
    graph: Graph,
    shapes: Shapes,
    decomposed: Decomposed,
    samples: ReconstructionSamples,
  ): Promise<PairTrial | string> {
    const job = refitJob(graph, placesIn(graph), shapes, decomposed, samples);
    if (typeof job === 'string') return job;
    const { weight, decomposition } = decomposed;
    const [fit] = await LayerFit.gather(graph, [{ layers: job.layers, channels: job.keep }], samples);
    const pair = await PairFit.of(fit, decomposition.rows, samples.algebra);
    const probed = graph.clone();
    return new PairTrial(probed, weight, ownBias(graph, probed, weight, job.layers), pair, decomposition);
  }

  /** The constants of `graph` that `replacements` speaks of. */
  get constants(): string[] {
    return [this.weight, ...(this.bias ? [this.bias.name] : [])];
  }

  /** Weight and bias of the layer split at `rank`. */
  async replacements(rank: number): Promise<Map<string, Tensor>> {
    const { weight, bias } = await this.fit.refit(await this.decomposition.factors(rank));
    const found = new Map<string, Tensor>([[this.weight, weight]]);
    if (this.bias && bias) found.set(this.bias.name, this.bias.with(bias));
    return found;
  }
}

/** The place of each layer among all, by its key: what sets its sampled positions apart, however other layers are split. */
const placesIn = (graph: Graph): ReadonlyMap<string, number> =>
  new Map(layersOf(graph).map(({ node }, index) => [keyOf(node), index]));

function refitJob(
  graph: Graph,
  places: ReadonlyMap<string, number>,
  shapes: Shapes,
  { weight, layers, decomposition }: Decomposed,
  samples: ReconstructionSamples,
): RefitJob | string {
  if (decomposition.projected) return 'its weight is too large to be decomposed in one piece';
  const read = layers.map((layer) => ({
    layer,
    site: siteOf(graph, layer, shapes),
    index: places.get(keyOf(layer.node))!,
  }));
  return jobOf(weight, read, new Set(), samples);
}
