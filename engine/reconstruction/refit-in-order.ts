import type { Graph } from '../onnx/graph';
import type { FloatTensor } from '../tensor/tensor';
import { ForwardFront } from './forward-front';
import { LayerFit, type Refitted } from './layer-fit';
import { setBias } from './own-bias';
import type { RefitJob } from './refit-jobs';
import { taught, type Teacher } from './refit-targets';
import type { ReconstructionSamples } from './samples';

/** The refitted weights of a layer, and a note about them. */
export interface RefittedLayer extends Refitted {
  readonly warning?: string;
}

/** Options for refitting layers. */
export interface ReconstructionSettings<Layer extends RefittedLayer = RefittedLayer> {
  /** Called before each layer, with the number done. May throw to stop. */
  readonly onLayer?: (layer: string, done: number, total: number) => void;
  /** The first layers, in order, that an earlier call refitted; used as they are. */
  readonly resumed?: readonly Layer[];
  /** Called after each refitted layer, with all so far. May throw to stop. */
  readonly onRefitted?: (layer: string, refitted: readonly Layer[], total: number) => void;
}

/** Finds the weights of a layer whose equations have been summed, given its current ones. */
export type Refit<Layer extends Refitted> = (
  job: RefitJob,
  fit: LayerFit,
  weight: FloatTensor,
) => Promise<Layer>;

/**
 * Refits layers by least squares, in forward order: each from what reaches it in `graph`, in which earlier ones are
 * refitted already, to what the teacher's layer computes. `graph` receives the weights and biases as they are found.
 * @param jobs the layers in forward order
 * @returns the refitted weights of each layer
 */
export async function refitInOrder<Layer extends Refitted>(
  graph: Graph,
  jobs: readonly RefitJob[],
  teacher: Teacher,
  samples: ReconstructionSamples,
  refit: Refit<Layer>,
  { onLayer, onRefitted, resumed = [] }: ReconstructionSettings<Layer & RefittedLayer> = {},
): Promise<(Layer & RefittedLayer)[]> {
  const targets = await taught(
    teacher,
    jobs.flatMap((job) => job.layers),
    samples,
  );
  const front = new ForwardFront(graph, samples);
  const refitted: (Layer & RefittedLayer)[] = [];
  for (const [done, job] of jobs.entries()) {
    const { name, weight, layers } = job;
    onLayer?.(name, done, jobs.length);
    const open = jobs.slice(done).flatMap((one) => one.layers.map(({ site }) => site.input));
    // Cut the same way even if a layer is known: what reaches later ones is then bit-identical.
    await front.advance(layers[0].site.layer.node, open);
    const fresh = async () => {
      const fitted = [{ layers, channels: job.keep }];
      const [fit] = await LayerFit.gather(graph, fitted, samples, targets, front.known);
      const warning = tooFew(name, fit);
      const own = await refit(job, fit, graph.constant(weight) as FloatTensor);
      return { ...own, ...(warning !== undefined && { warning }) };
    };
    const own = resumed[done] ?? (await fresh());
    graph.setConstant(weight, own.weight);
    if (own.bias) setBias(graph, layers, weight, own.bias);
    refitted.push(own);
    if (refitted.length > resumed.length) onRefitted?.(name, refitted, jobs.length);
  }
  return refitted;
}

/** Notes that a fit had no more samples than unknowns; undefined if it had. */
const tooFew = (name: string, { samples, unknowns }: LayerFit): string | undefined =>
  samples > unknowns
    ? undefined
    : `${name}: ${samples} reconstruction samples for ${unknowns} unknowns; raise reconstruction.samples (--reconstruction-samples)`;
