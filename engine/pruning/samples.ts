import type { Dataset } from '../data/dataset';
import { Random } from '../data/random';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { batchFor } from '../runtime/batch';
import { Session } from '../runtime/session';
import { floats, type Tensor } from '../tensor/tensor';
import { drawPositions, type Positions, valuesAt } from './patches';

/** How many images, and how many positions of each, a reconstruction sees. */
export interface SampleSettings {
  readonly samples: number;
  readonly patches: number;
  readonly seed: number;
}

/** Images drawn once and seen by every layer of a pruning, the same from the same seed. */
export class ReconstructionSamples {
  private readonly indices: Int32Array;

  constructor(
    private readonly data: Dataset,
    private readonly settings: SampleSettings,
    private readonly threads: number,
    private readonly onBatch: () => void = () => undefined,
  ) {
    this.indices = new Random(settings.seed).sample(data.length, Math.min(settings.samples, data.length));
  }

  /** Rows that each layer's fit has: images x patches. */
  get rows(): number {
    return this.indices.length * this.settings.patches;
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
    visit: (batch: Record<string, Tensor>, first: number) => void,
  ): Promise<void> {
    const shapes = inferShapes(graph);
    const [input] = graph.inputs;
    const inner = values.filter((value) => value !== input.name);
    const session = inner.length
      ? await Session.open(extract(graph, [input.name], inner, shapes), { threads: this.threads })
      : undefined;
    const size = batchFor(graph, shapes);
    try {
      for (let first = 0; first < this.indices.length; first += size) {
        this.onBatch();
        const { images, size: count } = this.data.gather(this.indices.subarray(first, first + size));
        const feeds = { [input.name]: floats([count, ...this.data.shape], images) };
        visit({ ...feeds, ...(await session?.run(feeds)) }, first);
      }
    } finally {
      await session?.close();
    }
  }

  /** The outputs of `layers` at their sampled positions, [rows, K] each: what a pruned layer is refitted to. */
  async targets(
    graph: Graph,
    layers: readonly { layer: Layer; at: Positions }[],
  ): Promise<Map<Layer, Float32Array>> {
    const targets = new Map(layers.map(({ layer }) => [layer, new Float32Array(this.rows * layer.dims[0])]));
    await this.run(
      graph,
      layers.map(({ layer }) => layer.node.output[0]),
      (batch, first) => {
        for (const { layer, at } of layers) {
          const output = batch[layer.node.output[0]];
          eachSample(output.dims[0], first, at, (image, row, y, x) => {
            const k = layer.dims[0];
            valuesAt(output, image, y, x, targets.get(layer)!.subarray(row * k, (row + 1) * k));
          });
        }
      },
    );
    return targets;
  }
}

/** Visits the sampled positions of a batch: image within the batch, row of the fit, output row and column. */
export function eachSample(
  images: number,
  first: number,
  { rows, columns, patches }: Positions,
  visit: (image: number, row: number, y: number, x: number) => void,
): void {
  for (let image = 0; image < images; image++) {
    for (let patch = 0; patch < patches; patch++) {
      const row = (first + image) * patches + patch;
      visit(image, row, rows[row], columns[row]);
    }
  }
}
