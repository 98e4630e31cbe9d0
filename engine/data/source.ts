import type { ElementType } from '../tensor/tensor';

/** Turns pixels into (pixel · scale − mean[c]) / std[c]. */
export interface Normalization {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** NumPy files of a split, and which of their rows belong to it. */
export interface DatasetSource {
  /** `.npy` of [N, …], usually [N, C, H, W]: floats or integers, such as the tokens of a text; read as 32-bit floats. */
  readonly images: string;
  /**
   * `.npy` of labels. Integers: a class for each sample, [N], or pixel, [N, H, W]; or 0 or 1 (booleans too) for each
   * score of the model, [N, K]. Floats, or integers: a number for each score, of the shape of the model's output. Not
   * needed to score by fidelity.
   */
  readonly labels?: string;
  /**
   * Label that means "unknown", such as 0 for a pixel without a depth; if set, NaN (`nan`) always means it as well.
   * Unknown labels are ignored in training and in metrics. Only for labels that are compared with one score each.
   */
  readonly unknown?: number | 'nan';
  /** A model's further inputs, by name: `.npy` with one row per image; a file of another length is fed whole each time. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** First row and the row after the last; all of them by default. */
  readonly range?: readonly [number, number];
  /** Turns pixels into (pixel · scale − mean[c]) / std[c]. */
  readonly normalize?: Normalization;
  /** `NHWC`: the file's images have their channels last and are transposed to [C, …] when read. */
  readonly layout?: 'NCHW' | 'NHWC';
}

/** A data set of random numbers, on which models are compared if no data are given. */
export interface RandomSource {
  /** Shape of a sample, [C, H, W] for an image. */
  readonly shape: readonly number[];
  readonly samples: number;
  readonly seed: number;
  readonly inputs?: Readonly<Record<string, RandomInput>>;
}

/** A further input of random data: floats are drawn too, other types are zeros. */
export interface RandomInput {
  readonly type: ElementType;
  /** Shape of a sample; of the whole tensor if not `batched`. */
  readonly shape: readonly number[];
  /** True if each sample has its own value, false if all batches share one. */
  readonly batched: boolean;
}
