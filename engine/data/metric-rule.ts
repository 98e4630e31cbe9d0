import type { Labels } from './dataset';

/** Distance of outputs from their labels, in the labels' own unit, averaged over all outputs. */
export interface Errors {
  readonly meanAbsoluteError: number;
  readonly rootMeanSquaredError: number;
}
/**
 * A metric's reading of labels: as a class per sample; a class per pixel; 0 or 1 for each score of the model,
 * independently; or a number for each output.
 */
export type LabelReading = 'class' | 'pixels' | 'yes or no' | 'numbers';

/** A running metric: fed with batches of outputs, read at the end. */
export interface Metric {
  /**
   * Adds a batch. `outputs` is row-major, of shape `dims`: [N, K] or [N, K, 1, …]; [N, K, …] for metrics that judge
   * pixels; any shape for metrics of numbers. `labels` has N entries, or one per pixel, or one per output.
   * @throws EngineError `UnsupportedModel` if the outputs are of another shape or NaN; `InvalidData` if the labels do
   * not fit
   */
  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void;
  /**
   * Returns the metric in points: 0..100, or below 0 if predicting the labels' mean would be nearer.
   * @throws EngineError `InvalidData` if the labels leave it undefined
   */
  value(): number;
  /**
   * Returns the standard error of the value over samples like these, in points; undefined, or no such function, if the
   * metric is not made of what each sample contributes.
   */
  standardError?(): number | undefined;
  /** Returns the distance of outputs from labels, for metrics that compare numbers. */
  errors?(): Errors;
  /** The sums so far, a value that can be copied; setting it resumes from there. */
  state: object;
}

/** Properties of a model that a metric needs. */
export interface MetricOptions {
  /** Output above which a score means yes: 0 for logits (the default), 0.5 for probabilities. */
  readonly threshold?: number;
}
