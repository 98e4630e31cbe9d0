import type { Dataset } from '../data/dataset';
import { Random } from '../data/random';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { batchFor } from '../runtime/batch';
import { feederOf } from '../runtime/feeds';
import type { ProviderChoice } from '../runtime/providers';
import { Session } from '../runtime/session';
import type { Tensor } from '../tensor/tensor';
import { drawPositions, type Positions } from './patches';

/** How many images, and how many positions of each, a reconstruction sees. */
export interface SampleSettings {
  readonly samples: number;
  readonly patches: number;
  readonly seed: number;
}

/** What samples are run and summed with. */
export interface SampleTools {
  readonly threads: number;
  readonly provider?: ProviderChoice;
  readonly algebra: LinearAlgebra;
}

/** Images drawn once and seen by every layer of a pruning, the same from the same seed. */
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

  /** What sums and solves the equations. */
  get algebra(): LinearAlgebra {
    return this.tools.algebra;
  }

  /** Images that are run. */
  get images(): number {
    return this.indices.length;
  }

  /**
   * The positions sampled of a layer with an output of height x width, no more than there are; `layer` sets them apart
   * between layers.
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

  /** Runs the images through `graph` and hands over `values` batch by batch, with the number of the first image. */
  async run(
    graph: Graph,
    values: readonly string[],
    visit: (batch: Record<string, Tensor>, first: number) => void | Promise<void>,
  ): Promise<void> {
    const shapes = inferShapes(graph);
    const feeder = feederOf(graph, this.data);
    const inputs = graph.inputs.map(({ name }) => name);
    const inner = values.filter((value) => !inputs.includes(value));
    const { threads, provider } = this.tools;
    const session = inner.length
      ? await Session.open(extract(graph, inputs, inner, shapes), { threads, provider })
      : undefined;
    const size = batchFor(graph, shapes);
    try {
      for (let first = 0; first < this.indices.length; first += size) {
        this.onBatch();
        const feeds = feeder.feeds(this.data.gather(this.indices.subarray(first, first + size)));
        await visit({ ...feeds, ...(await session?.run(feeds)) }, first);
      }
    } finally {
      await session?.close();
    }
  }
}

/** A sampled position: the image within the batch, the row of the fit, the output's row and column. */
export interface SamplePosition {
  readonly image: number;
  readonly row: number;
  readonly y: number;
  readonly x: number;
}

/** The sampled positions of a batch of `images`, of which the first has number `first`. */
export function* sampled(
  images: number,
  first: number,
  { rows, columns, patches }: Positions,
): Generator<SamplePosition> {
  for (let image = 0; image < images; image++) {
    for (let patch = 0; patch < patches; patch++) {
      const row = (first + image) * patches + patch;
      yield { image, row, y: rows[row], x: columns[row] };
    }
  }
}
