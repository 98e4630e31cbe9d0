import type { Labels } from './dataset';

/** How far outputs lie from numbers that they should be, in the labels' own unit, averaged over all outputs. */
export interface Errors {
  readonly meanAbsoluteError: number;
  readonly rootMeanSquaredError: number;
}
/**
 * What a metric reads labels as: the class of a sample; that of each pixel; 0 or 1 for each score of the model, whatever
 * the others are; a number for each.
 */
export type LabelReading = 'class' | 'pixels' | 'yes or no' | 'numbers';

/** A running metric: fed with batches of outputs, read at the end. */
export interface Metric {
  /**
   * `outputs` is row-major, of shape `dims`: [N, K] or [N, K, 1, …], [N, K, …] for metrics that judge pixels, any
   * for metrics of numbers. `labels` has N entries, or one a pixel, or one an output.
   * @throws EngineError `UnsupportedModel` when the outputs are of another shape or NaN; `InvalidData` when the
   * labels do not fit them.
   */
  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void;
  /**
   * In points: 0..100, or below 0 where predicting the labels' mean would be nearer.
   * @throws EngineError `InvalidData` when the labels leave it undefined.
   */
  value(): number;
  /** Of metrics that compare numbers: how far the outputs lie from the labels. */
  errors?(): Errors;
  /** What was added up so far, a value that can be copied; setting it goes on from there. */
  state: object;
}

/** What of a model a metric goes by. */
export interface MetricOptions {
  /** The output above which a score means yes: 0 of logits (the default), 0.5 of probabilities. */
  readonly threshold?: number;
}
