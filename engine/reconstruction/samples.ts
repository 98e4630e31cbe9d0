import type { Dataset } from '../data/dataset';
import { Random } from '../data/random';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { batchFor } from '../runtime/batch-size';
import { feederOf } from '../runtime/feeds';
import type { ProviderChoice } from '../names';
import { Session } from '../runtime/session';
import type { ElementType, Tensor } from '../tensor/tensor';
import { drawPositions, type Positions } from './patches';

/** Number of images, and of positions in each, used by a reconstruction. */
export interface SampleSettings {
  readonly samples: number;
  readonly patches: number;
  readonly seed: number;
}

/** Tools that samples are run and summed with. */
export interface SampleTools {
  readonly threads: number;
  readonly provider?: ProviderChoice;
  readonly algebra: LinearAlgebra;
}

/** Images of a batch: their number, and the index of the first. */
export interface Images {
  readonly first: number;
  readonly images: number;
}

/** Values of a batch by name. */
interface KnownBatch extends Images {
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** A position within a graph to start from: values that are known for all images. */
export interface Known {
  readonly names: readonly string[];
  readonly types: ReadonlyMap<string, ElementType>;
  readonly batches: readonly KnownBatch[];
}

/** Result of a batch: the requested values, along with those it was fed. */
export interface SampledBatch extends Images {
  readonly values: Readonly<Record<string, Tensor>>;
  /** Element types of the values that were computed. */
  readonly types: ReadonlyMap<string, ElementType> | undefined;
}

/** Images drawn once and seen by every layer of a pruning, the same for the same seed. */
export class ReconstructionSamples {
  private readonly indices: Int32Array;

  constructor(
    private readonly data: Dataset,
    private readonly settings: SampleSettings,
    private readonly tools: SampleTools,
    private readonly onBatch: () => void = () => undefined,
  ) {
    this.indices = new Random(settings.seed).sample(data.length, Math.min(settings.samples, data.length));
  }

  /** Library that sums and solves the equations. */
  get algebra(): LinearAlgebra {
    return this.tools.algebra;
  }

  /** Number of images that are run. */
  get images(): number {
    return this.indices.length;
  }

  /**
   * Draws the sampled positions of a layer with an output of height x width, no more than there are; `layer` makes them
   * differ between layers.
   */
  positions(layer: number, height: number, width: number): Positions {
    return drawPositions(
      this.indices.length,
      Math.min(this.settings.patches, height * width),
      height,
      width,
      this.settings.seed * 1009 + layer,
    );
  }

  /**
   * Runs the images through `graph` and yields what it computes as `values`, one batch at a time.
   * @param from position to start from, with what is known there; by default the model's inputs
   */
  async *run(graph: Graph, values: readonly string[], from?: Known): AsyncGenerator<SampledBatch> {
    const shapes = inferShapes(graph);
    const names = from?.names ?? graph.inputs.map(({ name }) => name);
    const inner = values.filter((value) => !names.includes(value));
    const { threads, provider } = this.tools;
    const session = inner.length
      ? await Session.open(extract(graph, names, inner, shapes, from?.types), { threads, provider })
      : undefined;
    try {
      for (const { feeds, ...held } of from?.batches ?? this.feeds(graph, batchFor(graph, shapes))) {
        this.onBatch();
        const read = Object.fromEntries((session?.inputs ?? []).map((name) => [name, feeds[name]]));
        yield { values: { ...feeds, ...(await session?.run(read)) }, ...held, types: session?.outputTypes };
      }
    } finally {
      await session?.close();
    }
  }

  /** Yields the model's feeds, in batches of `size`. */
  private *feeds(graph: Graph, size: number): Generator<KnownBatch> {
    const feeder = feederOf(graph, this.data);
    for (let first = 0; first < this.indices.length; first += size) {
      const batch = this.data.gather(this.indices.subarray(first, first + size));
      yield { feeds: feeder.feeds(batch), first, images: batch.size };
    }
  }
}

/** A sampled position: the entry of the batch's first axis, the row of the fit, the output's row and column. */
export interface SamplePosition {
  readonly entry: number;
  readonly row: number;
  readonly y: number;
  readonly x: number;
}

/**
 * Lists the sampled positions of a batch, for a value with `entries` along its first axis: an image has one of them, or
 * several if positions were folded into that axis (the patches of MobileViT), of which each sample takes another.
 */
export function* sampled(
  entries: number,
  { first, images }: Images,
  { rows, columns, patches }: Positions,
): Generator<SamplePosition> {
  const each = Math.max(1, Math.floor(entries / images));
  for (let image = 0; image < images; image++) {
    for (let patch = 0; patch < patches; patch++) {
      const row = (first + image) * patches + patch;
      const entry = Math.min(entries - 1, image * each + (patch % each));
      yield { entry, row, y: rows[row], x: columns[row] };
    }
  }
}
