import { EngineError } from '../errors';
import { asFloats } from '../tensor/as-floats';
import { fromBytes, numbersOf, sizeOf, type Tensor, toBytes } from '../tensor/tensor';
import { NpyFile } from './npy';
import {
  channelsFirst,
  checkedRange,
  checkImages,
  checkLabels,
  imageShape,
  labelShapeOf,
  pixelsOf,
} from './pixels';
import { Random } from './random';
import { NormalRows, PickedRows, type Rows, ZeroRows } from './array-rows';
import type { DatasetSource, RandomSource } from './source';

/** Labels of samples: integers, or floats if the file holds floats. */
export type Labels = Int32Array | Float32Array;

/** A batch of `size` samples. */
export interface Batch {
  /** [N, C, H, W], row-major. */
  readonly images: Float32Array;
  /** N labels; N·H·W if there is one per pixel; one per score, NaN if unknown; empty if the data set has no labels. */
  readonly labels: Labels;
  readonly size: number;
  /** The model's further inputs by name, if the data set has any. */
  readonly inputs?: Readonly<Record<string, Tensor>>;
}

/** A batch as it was read. */
export interface ReadBatch extends Batch {
  /** Row of each sample in the split's files. */
  readonly rows: readonly number[];
}

/** Arrays of a data set. */
interface Parts {
  readonly images: Rows;
  readonly labels?: Rows;
  readonly inputs: ReadonlyMap<string, { readonly rows: Rows; readonly batched: boolean }>;
}

/** Labels read at a time when all are scanned: 4 MiB. */
const readAtOnce = 2 ** 20;

/** A data set read by row; only the requested batch is held in memory. */
export class Dataset {
  private constructor(
    /** Its name in messages: the path of its images. */
    readonly name: string,
    private readonly parts: Parts,
    private readonly source: Pick<DatasetSource, 'normalize' | 'layout' | 'unknown'>,
    private readonly first: number,
    /** Number of samples. */
    readonly length: number,
    /** [C, H, W] of an image, as batches hold it. */
    readonly shape: readonly number[],
  ) {}

  /**
   * Opens the files of a split and checks that they fit each other.
   * @throws EngineError `InvalidData` if a file is missing or has the wrong type or shape
   * @example
   * ```ts
   * import { Dataset } from 'slimflow/engine';
   *
   * const data = Dataset.open({ images: 'images.npy', labels: 'labels.npy', range: [0, 100] });
   * for (const { images, labels, size } of data.batches(32)) console.log(size, images.length, labels[0]);
   * data.close();
   * ```
   */
  static open(source: DatasetSource): Dataset {
    const opened: NpyFile[] = [];
    const open = (path: string) => {
      const file = NpyFile.open(path);
      opened.push(file);
      return file;
    };
    try {
      const images = open(source.images);
      const labels = source.labels === undefined ? undefined : open(source.labels);
      const inputs = Object.entries(source.inputs ?? {}).map(([name, path]) => {
        const rows = open(path);
        return [name, { rows, batched: rows.dims[0] === images.dims[0] }] as const;
      });
      checkImages(source, images);
      const [first, end] = checkedRange(source, images);
      if (labels) checkLabels(source, images, labels);
      const parts = { images, labels, inputs: new Map(inputs) };
      const shape = imageShape(images.dims.slice(1), source);
      return new Dataset(source.images, parts, source, first, end - first, shape);
    } catch (error) {
      opened.forEach((file) => file.close());
      throw error;
    }
  }

  /** Makes standard normal samples: the same for the same seed, whatever batches they are read in. */
  static random({ shape, samples, seed, inputs = {} }: RandomSource): Dataset {
    const further = Object.entries(inputs).map(([name, { type, shape: own, batched }], at) => {
      const dims = batched ? [samples, ...own] : own;
      const drawn = new Random(seed).below(2 ** 30) + at;
      const rows = type === 'float32' ? new NormalRows(dims, drawn) : new ZeroRows(type, dims);
      return [name, { rows, batched }] as const;
    });
    const parts = { images: new NormalRows([samples, ...shape], seed), inputs: new Map(further) };
    return new Dataset(`random inputs of seed ${seed}`, parts, {}, 0, samples, shape);
  }

  /** Draws `count` samples by `seed` as a data set. It reads this one's files: close only this one. */
  drawn(count: number, seed: number): Dataset {
    const picked = new Random(seed).sample(this.length, count).map((row) => row + this.first);
    const { images, labels, inputs } = this.parts;
    const parts: Parts = {
      images: new PickedRows(images, picked),
      labels: labels && new PickedRows(labels, picked),
      inputs: new Map(
        [...inputs].map(([name, { rows, batched }]) => [
          name,
          { rows: batched ? new PickedRows(rows, picked) : rows, batched },
        ]),
      ),
    };
    return new Dataset(this.name, parts, this.source, 0, count, this.shape);
  }

  /** True if there are labels. */
  get labelled(): boolean {
    return this.parts.labels !== undefined;
  }

  /** Shape of a sample's labels: [] if one per sample, [H, W] if one per pixel, [K] or [K, …] if one per score. */
  get labelShape(): readonly number[] {
    return labelShapeOf(this.parts.labels?.dims.slice(1) ?? [], this.source);
  }

  /** @throws EngineError `InvalidData` if there are no labels */
  requireLabels(): void {
    if (this.labelled) return;
    throw new EngineError(
      'InvalidData',
      `${this.name} has no labels, which metrics and fine-tuning need: set \`labels\` to a file of them, or score by fidelity`,
    );
  }

  /** True if labels are floats; false if they are integers. */
  get floatLabels(): boolean {
    return this.unknownLabels || (this.parts.labels?.type.startsWith('float') ?? false);
  }

  /** True if some labels may be NaN, which means unknown. */
  get unknownLabels(): boolean {
    return this.source.unknown !== undefined;
  }

  /** Names of the further inputs that batches hold. */
  get inputs(): readonly string[] {
    return [...this.parts.inputs.keys()];
  }

  /**
   * Yields all labels in order, those of a few samples at a time.
   * @throws EngineError `InvalidData` if there are none
   */
  *eachLabels(): Generator<Labels> {
    this.requireLabels();
    const step = Math.max(1, Math.floor(readAtOnce / sizeOf(this.labelShape)));
    for (let start = 0; start < this.length; start += step)
      yield this.labelsAt(start, Math.min(step, this.length - start));
  }

  /**
   * Finds the first wrong label and its row.
   * @returns `row` within the split; `fileRow` within the file
   * @throws EngineError `InvalidData` if there are no labels
   */
  findLabel(
    isWrong: (label: number) => boolean,
  ): { readonly label: number; readonly row: number; readonly fileRow: number } | undefined {
    const width = sizeOf(this.labelShape);
    let seen = 0;
    for (const labels of this.eachLabels()) {
      const at = labels.findIndex((label: number) => isWrong(label));
      if (at >= 0) {
        const row = Math.floor((seen + at) / width);
        return { label: labels[at], row, fileRow: this.first + row };
      }
      seen += labels.length;
    }
    return undefined;
  }

  /** Reads rows `start` to `start + count`. */
  slice(start: number, count: number): ReadBatch {
    return this.read([[start, Math.min(count, this.length - start)]]);
  }

  /** Reads the rows at `indices`, in that order. */
  gather(indices: ArrayLike<number>): ReadBatch {
    return this.read(Array.from(indices, (row) => [row, 1] as const));
  }

  /** Yields batches of `size` in order; the last may be smaller. */
  *batches(size: number): Generator<ReadBatch> {
    for (let start = 0; start < this.length; start += size) yield this.slice(start, size);
  }

  /** Yields batches of `size` over `count` rows drawn by `seed`, in ascending order; over all rows if there are no more. */
  *sampled(count: number, seed: number, size: number): Generator<ReadBatch> {
    if (count >= this.length) {
      yield* this.batches(size);
      return;
    }
    const rows = new Random(seed).sample(this.length, count).sort();
    for (let start = 0; start < count; start += size) yield this.gather(rows.subarray(start, start + size));
  }

  /** Closes the files. */
  close(): void {
    const { images, labels, inputs } = this.parts;
    [images, labels, ...[...inputs.values()].map(({ rows }) => rows)].forEach((rows) => rows?.close());
  }

  /** Reads a batch made of runs of rows: [first row, number of rows] each. */
  private read(runs: readonly (readonly [start: number, count: number])[]): ReadBatch {
    const size = runs.reduce((sum, [, count]) => sum + count, 0);
    const images = runs.map(([start, count]) =>
      pixelsOf(this.parts.images.rows(this.first + start, count), this.source),
    );
    const inputs = this.inputs.map((name): [string, Tensor] => [name, this.furtherInput(name, runs)]);
    return {
      images: joined(Float32Array, images),
      labels: joined<Labels>(
        this.floatLabels ? Float32Array : Int32Array,
        runs.map(([start, count]) => this.labelsAt(start, count)),
      ),
      size,
      rows: runs.flatMap(([start, count]) =>
        Array.from({ length: count }, (_, at) => this.fileRow(start + at)),
      ),
      ...(inputs.length && { inputs: Object.fromEntries(inputs) }),
    };
  }

  /** Returns the row of the files that a row of this data set is. */
  private fileRow(row: number): number {
    return this.parts.images.fileRow?.(this.first + row) ?? this.first + row;
  }

  private labelsAt(start: number, count: number): Labels {
    const { labels } = this.parts;
    if (!labels) return new Int32Array();
    const read = labels.rows(this.first + start, count);
    const floats = this.floatLabels ? (asFloats(read) ?? Float32Array.from(numbersOf(read))) : undefined;
    const values = floats ?? Int32Array.from(numbersOf(read));
    const { unknown } = this.source;
    if (typeof unknown === 'number') values.forEach((label, at) => label === unknown && (values[at] = NaN));
    if (read.dims.length !== 4 || this.source.layout !== 'NHWC') return values;
    return channelsFirst<Labels>(values, count, this.labelShape);
  }

  private furtherInput(name: string, runs: readonly (readonly [number, number])[]): Tensor {
    const { rows, batched } = this.parts.inputs.get(name)!;
    if (!batched) return { ...rows.rows(0, rows.dims[0] ?? 1), dims: rows.dims };
    const parts = runs.map(([start, count]) => rows.rows(this.first + start, count));
    const dims = [parts.reduce((sum, { dims: [count] }) => sum + count, 0), ...rows.dims.slice(1)];
    return fromBytes(rows.type, dims, joined(Uint8Array, parts.map(toBytes)));
  }
}

type Joinable = Float32Array | Int32Array | Uint8Array;

/** Concatenates arrays; returns a single one as it is. */
function joined<A extends Joinable>(type: new (size: number) => A, parts: readonly A[]): A {
  if (parts.length === 1) return parts[0];
  const whole = new type(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
