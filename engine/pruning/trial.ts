import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import type { FloatTensor, Tensor } from '../tensor/tensor';
import type { ChannelGroup, GroupConsumer } from './group';
import { LayerFit } from '../reconstruction/layer-fit';
import { type OwnBias, ownBias } from '../reconstruction/own-bias';
import { eliminationOrder, type EliminatedReader } from './elimination-order';
import { groupReaders } from './group-readers';
import { channelImportance } from './importance';
import { zero } from './mask';
import type { ReconstructionSamples } from '../reconstruction/samples';

/** A weight that reads the group, and its fit; without a fit it is only masked. */
interface Reader {
  readonly weight: string;
  readonly consumer: GroupConsumer;
  readonly fit: LayerFit | undefined;
  /** The bias that changes with the weight. */
  readonly bias: OwnBias | undefined;
}

/**
 * A group pruned to any number of channels, as weights of the original's shapes: removed channels are masked in every
 * layer that reads them, and the layer is refitted. Used to try many ratios of one group.
 */
export class GroupTrial {
  private constructor(
    /** The model, with a separate bias for every layer that is refitted. */
    readonly graph: Graph,
    private readonly readers: readonly Reader[],
    private readonly group: ChannelGroup,
  ) {}

  /**
   * Runs the reconstruction samples once for each layer.
   * @param layers all layers of `graph`
   */
  static async open(
    graph: Graph,
    layers: readonly Layer[],
    shapes: Shapes,
    group: ChannelGroup,
    samples: ReconstructionSamples,
  ): Promise<GroupTrial> {
    const probed = graph.clone();
    const jobs = groupReaders(graph, layers, shapes, group, samples);
    const refitted = jobs.flatMap(({ job }) => (typeof job === 'string' ? [] : [job]));
    const fits = await LayerFit.gather(
      graph,
      refitted.map((job) => ({ layers: job.layers, channels: job.keep })),
      samples,
    );
    const readers = jobs.map(({ weight, consumer, job }): Reader => {
      if (typeof job === 'string') return { weight, consumer, fit: undefined, bias: undefined };
      const fit = fits[refitted.indexOf(job)];
      return { weight, consumer, fit, bias: ownBias(graph, probed, weight, job.layers) };
    });
    return new GroupTrial(probed, readers, group);
  }

  /** Names of the constants of `graph` that `replacements` returns. */
  get constants(): string[] {
    return this.readers.flatMap(({ weight, bias }) => [weight, ...(bias ? [bias.name] : [])]);
  }

  /**
   * Ranks the group's channels by what the layers that read them lose without them, once they are refitted
   * (`eliminationOrder`). A group that a layer reads which can't be refitted is ranked by `l2`.
   * @returns importances [channels]
   */
  async importance(): Promise<Float64Array> {
    const eliminated: EliminatedReader[] = [];
    for (const { weight, consumer, fit } of this.readers) {
      if (!fit) return channelImportance(this.graph, this.group, 'l2');
      const { taps } = fit.site;
      eliminated.push({
        fits: await fit.eliminations(this.graph.constant(weight) as FloatTensor),
        unknownsOf: (channel) =>
          consumer.positions[channel].flatMap((position) =>
            Array.from({ length: taps }, (_, tap) => position * taps + tap),
          ),
      });
    }
    return eliminationOrder(eliminated, this.group.channels);
  }

  /** Computes the weights and biases with only the channels `keep` of the group, ascending. */
  async replacements(keep: readonly number[]): Promise<Map<string, Tensor>> {
    const kept = new Set(keep);
    const found = new Map<string, Tensor>();
    for (const { weight, consumer, fit, bias } of this.readers) {
      const { axis, positions } = consumer;
      const gone = new Set(positions.filter((_, channel) => !kept.has(channel)).flat());
      const own = this.graph.constant(weight) as FloatTensor;
      if (!fit) {
        const masked = { ...own, data: own.data.slice() };
        zero(masked, axis, [...gone]);
        found.set(weight, masked);
        continue;
      }
      const left = Array.from({ length: own.dims[axis] }, (_, at) => at).filter((at) => !gone.has(at));
      const refitted = await fit.refit(own, left);
      found.set(weight, refitted.weight);
      if (bias && refitted.bias) found.set(bias.name, bias.with(refitted.bias));
    }
    return found;
  }
}
