import { EngineError } from '../errors';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import type { Graph } from '../onnx/graph';
import { type FloatTensor, floats } from '../tensor/tensor';
import { Elimination } from './elimination';
import { NormalEquations } from './least-squares';
import type { Positions } from './patches';
import { type Known, type ReconstructionSamples, sampled, type SampledBatch } from './samples';
import { matrixOf, type Site, weightOf } from './sites';

/** A layer with the positions at which it is sampled. */
export interface Sampled {
  readonly site: Site;
  readonly at: Positions;
}

/** A fit to make: one layer, or several that share weight and bias. */
export interface Fitted {
  readonly layers: readonly Sampled[];
  /** Positions on the weight's input axis that the fit may use, ascending. */
  readonly channels: readonly number[];
}

/** Outputs that a layer should compute at its sampled positions [rows, groups·outputs]. */
export type Targets = ReadonlyMap<Site, Float32Array>;

/** A refitted weight of the layer's own shape, zero at removed input channels, and its bias. */
export interface Refitted {
  readonly weight: FloatTensor;
  /** The whole bias [groups·outputs]; for a layer whose bias is added by another node, the amount to add to it. */
  readonly bias: FloatTensor | undefined;
}

/**
 * Normal equations of a layer seen as a linear map of its input patches (He et al. 2017, "Channel Pruning for
 * Accelerating Very Deep Neural Networks"; AIMET's weight reconstruction), one system per group of a grouped
 * convolution. Once the samples have been seen, solving gives the weights for any subset of input channels.
 */
export class LayerFit {
  /** One system per group. */
  readonly systems: readonly NormalEquations[];
  private readonly patch: Float64Array;
  private readonly own: Float32Array;

  private constructor(
    private readonly layers: readonly Sampled[],
    private readonly channels: readonly number[],
    private readonly algebra: LinearAlgebra,
  ) {
    const [{ site }] = layers;
    const unknowns = channels.length * site.taps;
    this.systems = Array.from(
      { length: site.groups },
      () => new NormalEquations(unknowns, site.outputs, algebra),
    );
    this.patch = new Float64Array(unknowns);
    this.own = new Float32Array(site.groups * site.outputs);
  }

  /**
   * Runs the samples through `graph`, once for all fits.
   * @param targets what the layers should compute; by default what they compute in `graph`
   * @param from position in the graph to start from
   */
  static async gather(
    graph: Graph,
    fitted: readonly Fitted[],
    samples: ReconstructionSamples,
    targets?: Targets,
    from?: Known,
  ): Promise<LayerFit[]> {
    const fits = fitted.map(({ layers, channels }) => new LayerFit(layers, channels, samples.algebra));
    const values = fitted.flatMap(({ layers }) =>
      layers.flatMap(({ site: { input, output } }) => (targets ? [input] : [input, output])),
    );
    for await (const batch of samples.run(graph, [...new Set(values)], from))
      for (const fit of fits) await fit.take(batch, targets);
    for (const fit of fits) await fit.checkFinite();
    return fits;
  }

  /** Adds the sampled positions of a batch. */
  private async take(batch: SampledBatch, targets: Targets | undefined): Promise<void> {
    const { values } = batch;
    const { layers, channels, systems, patch, own } = this;
    for (const { site, at } of layers) {
      const wanted = targets?.get(site);
      for (const { entry, row, y, x } of sampled(values[site.input].dims[0], batch, at)) {
        if (!wanted) site.values(values[site.output], entry, y, x, own);
        const y0 = wanted?.subarray(row * own.length, (row + 1) * own.length) ?? own;
        systems.forEach((system, group) => {
          const from = group * site.channels;
          const read = from ? channels.map((channel) => channel + from) : channels;
          site.patch(values[site.input], entry, y, x, read, patch);
          system.add(patch, y0.subarray(group * site.outputs, (group + 1) * site.outputs));
        });
        if (systems[0].isFull) for (const system of systems) await system.sum();
      }
    }
  }

  /** @throws EngineError `InvalidData` if the layer reads or computes NaN: no least squares come of that. */
  private async checkFinite(): Promise<void> {
    for (const system of this.systems) {
      await system.sum();
      if (system.isFinite) continue;
      throw new EngineError(
        'InvalidData',
        `the model computes NaN or infinities at ${this.site.output} from the samples that layers are refitted on: check its ` +
          'weights, and that `normalize` matches its training; if no data was given, give data of the kind that it was trained on (--data)',
      );
    }
  }

  /** The layer as a linear map; the first of those that are fitted as one. */
  get site(): Site {
    return this.layers[0].site;
  }

  /** Number of samples seen, and of unknowns of one group if all of `channels` are used. */
  get samples(): number {
    return this.systems[0].samples;
  }

  get unknowns(): number {
    return this.systems[0].unknowns;
  }

  /**
   * Begins eliminations of input channels, one for each group; they need all of the channels.
   * @param weight the layer's weight
   */
  eliminations(weight: FloatTensor): Promise<Elimination[]> {
    const { site } = this;
    return Promise.all(
      this.systems.map((system, group) =>
        Elimination.of(system, this.algebra, {
          prior: matrixOf(weight, site, group),
          biased: site.bias !== undefined,
        }),
      ),
    );
  }

  /**
   * Computes the weights that read only input channels `keep` and come nearest to the targets. On these samples they
   * are never further from them than `weight` with the other channels masked.
   * @param weight the layer's weight so far
   */
  async refit(weight: FloatTensor, keep: readonly number[]): Promise<Refitted> {
    const [{ site }] = this.layers;
    const { taps, outputs } = site;
    const tapsOf = (positions: readonly number[]) =>
      positions.flatMap((position) => Array.from({ length: taps }, (_, tap) => position * taps + tap));
    const columns = tapsOf(keep);
    const unknowns = tapsOf(keep.map((channel) => this.channels.indexOf(channel)));
    const bias = new Float32Array(site.groups * outputs);
    const matrices: Float64Array[] = [];
    for (const [group, system] of this.systems.entries()) {
      const matrix = matrixOf(weight, site, group);
      const width = matrix.length / outputs;
      const prior = new Float64Array(outputs * columns.length);
      for (let k = 0; k < outputs; k++)
        columns.forEach((column, at) => (prior[k * columns.length + at] = matrix[k * width + column]));
      const fit = await system.solve(unknowns, { prior, biased: site.bias !== undefined });
      matrix.fill(0);
      for (let k = 0; k < outputs; k++)
        columns.forEach((column, at) => (matrix[k * width + column] = fit.weights[k * columns.length + at]));
      matrices.push(matrix);
      bias.set(fit.bias, group * outputs);
    }
    return { weight: weightOf(matrices, site), bias: site.bias && floats([bias.length], bias) };
  }
}

/** Computes what layers output in `graph` at their sampled positions. */
export async function targetsOf(
  graph: Graph,
  layers: readonly Sampled[],
  samples: ReconstructionSamples,
): Promise<Map<Site, Float32Array>> {
  const targets = new Map(
    layers.map(({ site, at }) => [
      site,
      new Float32Array(samples.images * at.patches * site.groups * site.outputs),
    ]),
  );
  if (!layers.length) return targets;
  const outputs = new Set(layers.map(({ site }) => site.output));
  for await (const batch of samples.run(graph, [...outputs])) {
    for (const { site, at } of layers) {
      const width = site.groups * site.outputs;
      const all = targets.get(site)!;
      const output = batch.values[site.output];
      for (const { entry, row, y, x } of sampled(output.dims[0], batch, at))
        site.values(output, entry, y, x, all.subarray(row * width, (row + 1) * width));
    }
  }
  return targets;
}
