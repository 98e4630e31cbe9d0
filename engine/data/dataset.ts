import { EngineError } from '../errors';
import { NpyFile } from './npy';
import { Random } from './random';

/** Where a split lies: two NumPy files, and which of their rows belong to it. */
export interface DatasetSource {
  /** `.npy` of [N, C, H, W], float32 or uint8. */
  readonly images: string;
  /** `.npy` of [N], any integer type. */
  readonly labels: string;
  /** First row and the row after the last; all of them by default. */
  readonly range?: readonly [number, number];
  /** Pixels become (pixel · scale − mean[c]) / std[c]. */
  readonly normalize?: {
    readonly scale?: number;
    readonly mean?: readonly number[];
    readonly std?: readonly number[];
  };
}

/** A batch: images [N, C, H, W] in row-major order, and N labels. */
export interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly size: number;
}

/** A data set read from disk by row; nothing but the asked batch is held. */
export class Dataset {
  private constructor(
    private readonly source: DatasetSource,
    private readonly images: NpyFile,
    private readonly labelOf: Int32Array,
    private readonly first: number,
    /** Number of samples. */
    readonly length: number,
  ) {}

  /** @throws EngineError `InvalidData` when a file is missing or is not what it should be. */
  static open(source: DatasetSource): Dataset {
    const images = NpyFile.open(source.images);
    try {
      const labels = NpyFile.open(source.labels);
      try {
        return Dataset.checked(source, images, labels);
      } finally {
        labels.close(); // they were read whole
      }
    } catch (error) {
      images.close();
      throw error;
    }
  }

  private static checked(source: DatasetSource, images: NpyFile, labels: NpyFile): Dataset {
    if (images.dims.length !== 4) {
      throw new EngineError(
        'InvalidData',
        `${source.images} has shape [${images.dims.join(', ')}]; images are [N, C, H, W]`,
      );
    }
    if (!['float32', 'uint8'].includes(images.type)) {
      throw new EngineError(
        'InvalidData',
        `${source.images} holds ${images.type}; images are float32 or uint8`,
      );
    }
    if (labels.dims.length !== 1 || labels.dims[0] !== images.dims[0]) {
      throw new EngineError(
        'InvalidData',
        `${source.labels} has shape [${labels.dims.join(', ')}]; one label an image is [${images.dims[0]}]`,
      );
    }
    const [first, end] = source.range ?? [0, images.dims[0]];
    if (!(first >= 0 && first < end && end <= images.dims[0])) {
      throw new EngineError(
        'InvalidData',
        `range [${first}, ${end}] does not lie within the ${images.dims[0]} rows of ${source.images}`,
      );
    }
    for (const key of ['mean', 'std'] as const) {
      const values = source.normalize?.[key];
      if (values && values.length !== images.dims[1]) {
        throw new EngineError(
          'InvalidData',
          `normalize.${key} has ${values.length} values for the ${images.dims[1]} channels of ${source.images}`,
        );
      }
    }
    const all = labels.rows(first, end - first).data as ArrayLike<number | bigint>;
    return new Dataset(source, images, Int32Array.from(all, Number), first, end - first);
  }

  /** [C, H, W] of an image. */
  get shape(): number[] {
    return this.images.dims.slice(1);
  }

  /** All labels, in order. */
  get labels(): Int32Array {
    return this.labelOf;
  }

  /** The rows `start` to `start + count`. */
  slice(start: number, count: number): Batch {
    const size = Math.min(count, this.length - start);
    const rows = this.images.rows(this.first + start, size);
    return { images: this.normalized(rows.data), labels: this.labelOf.subarray(start, start + size), size };
  }

  /** The rows at `indices`, in their order. */
  gather(indices: ArrayLike<number>): Batch {
    const width = this.shape.reduce((a, b) => a * b, 1);
    const images = new Float32Array(indices.length * width);
    const labels = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      images.set(this.normalized(this.images.rows(this.first + indices[i], 1).data), i * width);
      labels[i] = this.labelOf[indices[i]];
    }
    return { images, labels, size: indices.length };
  }

  /** Batches of `size` in order; the last may be smaller. */
  *batches(size: number): Generator<Batch> {
    for (let start = 0; start < this.length; start += size) yield this.slice(start, size);
  }

  /** Batches of `size` over `count` rows drawn by `seed`, in ascending order; over all rows where there are no more. */
  *sampled(count: number, seed: number, size: number): Generator<Batch> {
    if (count >= this.length) {
      yield* this.batches(size);
      return;
    }
    const rows = new Random(seed).sample(this.length, count).sort();
    for (let start = 0; start < count; start += size) yield this.gather(rows.subarray(start, start + size));
  }

  close(): void {
    this.images.close();
  }

  private normalized(pixels: ArrayLike<number | bigint>): Float32Array {
    const raw = pixels instanceof Float32Array ? pixels : Float32Array.from(pixels as ArrayLike<number>);
    const { scale = 1, mean, std } = this.source.normalize ?? {};
    if (scale === 1 && !mean && !std) return raw;
    const [channels, height, width] = this.shape;
    const plane = height * width;
    const out = new Float32Array(raw.length);
    for (let i = 0; i < raw.length; i++) {
      const channel = Math.floor(i / plane) % channels;
      out[i] = (raw[i] * scale - (mean?.[channel] ?? 0)) / (std?.[channel] ?? 1);
    }
    return out;
  }
}
