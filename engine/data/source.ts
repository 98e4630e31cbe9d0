import type { ElementType } from '../tensor/tensor';

/** Pixels become (pixel · scale − mean[c]) / std[c]. */
export interface Normalization {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Where a split lies: NumPy files, and which of their rows belong to it. */
export interface DatasetSource {
  /** `.npy` of [N, …], mostly [N, C, H, W]: float32, float64 or uint8. */
  readonly images: string;
  /**
   * `.npy` of integers: the number of a class for each sample, [N], or pixel, [N, H, W]; or 0 or 1 (booleans too) for each
   * score of the model, [N, K]. Of floats, or integers: a number for each score, of the shape of the model's output.
   * Scoring by fidelity needs none.
   */
  readonly labels?: string;
  /**
   * The label that stands for what is not known, such as 0 for a pixel without a depth; NaN, as `nan`, always does then. It
   * counts for nothing, in training and in metrics. Of labels that are compared with a score each.
   */
  readonly unknown?: number | 'nan';
  /** A model's further inputs, by name: `.npy` with one row an image; one of another length is fed whole each time. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** First row and the row after the last; all of them by default. */
  readonly range?: readonly [number, number];
  /** Pixels become (pixel · scale − mean[c]) / std[c]. */
  readonly normalize?: Normalization;
  /** `NHWC`: images have their channels last and are turned to [C, …] as they are read. */
  readonly layout?: 'NCHW' | 'NHWC';
}

/** A data set of random numbers: what models are compared on where no data are given. */
export interface RandomSource {
  /** [C, H, W] of an image, or whatever a sample of the model's input is. */
  readonly shape: readonly number[];
  readonly samples: number;
  readonly seed: number;
  readonly inputs?: Readonly<Record<string, RandomInput>>;
}

/** A further input of random data: floats are drawn too, anything else is zeros. */
export interface RandomInput {
  readonly type: ElementType;
  /** The shape of a sample; of the whole tensor where it is not `batched`. */
  readonly shape: readonly number[];
  /** Whether each sample has one of its own, rather than all batches the same. */
  readonly batched: boolean;
}
