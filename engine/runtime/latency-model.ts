import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { resolveProvider } from './providers';
import { timeGraphs, timeKernels, type TimingOptions } from './timing';

/** A layer as it would be with some units (rank, channels): a graph of its own, mostly a rewrite of `layerAlone`. */
export interface LayerSample {
  readonly units: number;
  readonly graph: Graph;
}

/** What is measured of a layer: as it is, and with a few numbers of units. */
export interface LayerSamples {
  readonly layer: string;
  readonly original: Graph;
  readonly samples: readonly LayerSample[];
}

/** What a model takes as a function of its layers' units. */
export interface LatencyModel {
  /** Median ms of a call of the whole model as it is. */
  readonly ms: number;
  /** How layers were measured: their kernels alone (CPU), or whole calls (other providers). */
  readonly measure: 'kernels' | 'calls';
  readonly layers: ReadonlyMap<string, LayerLatency>;
  /**
   * ms of the model with the layers of `plan` at these units and the others as they are. A prediction to choose by:
   * measure what was chosen (`timeGraphs`).
   */
  predict(plan: ReadonlyMap<string, number>): number;
}

export interface LayerLatency {
  /** Median ms of the layer as it is. */
  readonly original: number;
  readonly curve: LatencyCurve;
}

/**
 * ms over units, from a few measured points: monotone by isotonic regression (pool adjacent violators), since more
 * units never cost less but for noise; linear between the points; beyond them as at the nearest, so that no saving is
 * promised that was not measured.
 */
export class LatencyCurve {
  private readonly points: readonly { readonly units: number; readonly ms: number }[];

  /** @throws RangeError without points. */
  constructor(points: readonly { readonly units: number; readonly ms: number }[]) {
    if (!points.length) throw new RangeError('a latency curve needs a measured point');
    const sorted = [...points].sort((a, b) => a.units - b.units);
    const fitted = isotonic(sorted.map(({ ms }) => ms));
    this.points = sorted.map(({ units }, at) => ({ units, ms: fitted[at] }));
  }

  ms(units: number): number {
    const above = this.points.findIndex((point) => point.units >= units);
    if (above < 0) return this.points[this.points.length - 1].ms;
    const [low, high] = [this.points[Math.max(0, above - 1)], this.points[above]];
    if (high.units === units || low.units === high.units) return high.ms;
    if (above === 0) return high.ms;
    return low.ms + ((high.ms - low.ms) * (units - low.units)) / (high.units - low.units);
  }
}

/** The nondecreasing sequence nearest to `values` in least squares: neighbours in the wrong order become their mean. */
export function isotonic(values: readonly number[]): number[] {
  const blocks: { sum: number; size: number }[] = [];
  for (const value of values) {
    blocks.push({ sum: value, size: 1 });
    for (let last = blocks.length - 1; last > 0; last--) {
      const [before, after] = [blocks[last - 1], blocks[last]];
      if (before.sum / before.size <= after.sum / after.size) break;
      blocks.splice(last - 1, 2, { sum: before.sum + after.sum, size: before.size + after.size });
    }
  }
  return blocks.flatMap(({ sum, size }) => Array<number>(size).fill(sum / size));
}

/** A layer of a network as a graph of its own, from what it reads to what it gives. */
export function layerAlone(graph: Graph, { node, name }: Layer, shapes: Shapes): Graph {
  const input = node.input.find((value) => value && !graph.isConstant(value));
  if (!input) throw new EngineError('UnsupportedModel', `layer ${name} reads constants alone`);
  return extract(graph, [input], [node.output[0]], shapes);
}

/**
 * Measures layers at a few units each, one layer after another, its variants in turn.
 * @param graph the whole model
 * @throws EngineError as `timeGraphs` does.
 */
export async function latencyModel(
  graph: Graph,
  layers: readonly LayerSamples[],
  { inputShape, ...options }: TimingOptions,
): Promise<LatencyModel> {
  const provider = await resolveProvider(options.provider);
  const measure = provider === 'cpu' ? 'kernels' : 'calls';
  const time = measure === 'kernels' ? timeKernels : timeGraphs;
  const [{ ms: whole }] = await timeGraphs([graph], { ...options, provider, inputShape });
  const found = new Map<string, LayerLatency>();
  for (const { layer, original, samples } of layers) {
    const variants = [original, ...samples.map((sample) => sample.graph)];
    const [own, ...others] = await time(variants, { ...options, provider });
    const points = samples.map(({ units }, at) => ({ units, ms: others[at].ms }));
    found.set(layer, { original: own.ms, curve: new LatencyCurve(points) });
  }
  return {
    ms: whole,
    measure,
    layers: found,
    predict(plan) {
      let ms = whole;
      for (const [layer, units] of plan) {
        const latency = found.get(layer);
        if (latency) ms += latency.curve.ms(units) - latency.original;
      }
      return Math.max(0, ms);
    },
  };
}
