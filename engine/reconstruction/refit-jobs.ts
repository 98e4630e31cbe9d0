import type { Layer } from '../onnx/layers';
import type { Sampled } from './layer-fit';
import type { ReconstructionSamples } from './samples';
import type { Site } from './sites';

/** A layer with the weight and bias to refit, and those that share both. */
export interface RefitJob {
  readonly name: string;
  readonly weight: string;
  readonly layers: readonly Sampled[];
  /** Positions on the weight's input axis that the fit may use, ascending. */
  readonly keep: readonly number[];
}

/** A layer that reads a weight, as a linear map or the reason why it is not one, and its position among all layers. */
export interface ReadingLayer {
  readonly layer: Layer;
  readonly site: Site | string;
  readonly index: number;
}

/** Most unknowns of one system: its normal equations take 8·n² bytes, some 300 MB at this size. */
const mostUnknowns = 6000;

/**
 * Makes the job of refitting one layer, or those that share a weight; returns the reason in words if it cannot.
 * @param removed positions on the weight's input axis that are removed
 */
export function jobOf(
  weight: string,
  all: readonly ReadingLayer[],
  removed: ReadonlySet<number>,
  samples: Pick<ReconstructionSamples, 'positions'>,
): RefitJob | string {
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
  if (unknowns > mostUnknowns) return `it has ${unknowns} unknowns, more than the limit of ${mostUnknowns}`;
  return { name: site.layer.name, weight, layers, keep };
}
