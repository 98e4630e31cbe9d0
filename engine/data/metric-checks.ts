import { EngineError } from '../errors';
import type { Labels } from './dataset';

/** Makes the error for outputs of a shape that a metric cannot read. */
export const wrongShape = (metric: string, dims: readonly number[], wanted: string) =>
  new EngineError(
    'UnsupportedModel',
    `the model's first output is [${dims.join(', ')}], but metric ${metric} needs ${wanted}: choose another metric, or score by fidelity`,
  );

/** @throws EngineError `InvalidData` if a batch has another number of labels than the metric compares */
export function checkCount(metric: string, labels: Labels, wanted: number): void {
  if (labels.length === wanted) return;
  throw new EngineError(
    'InvalidData',
    `metric ${metric} needs ${wanted} labels for a batch, and got ${labels.length}: give labels of the outputs' size, or score by fidelity`,
  );
}

/** @throws EngineError `InvalidData` if labels are not integers, or a batch has another number than the metric compares */
export function checkClasses(metric: string, labels: Labels, wanted: number): void {
  if (labels instanceof Float32Array) {
    throw new EngineError(
      'InvalidData',
      `metric ${metric} needs class numbers, but the labels are floats: save them as integers, or choose a metric for numbers (r2, rmse-score, mae-score)`,
    );
  }
  checkCount(metric, labels, wanted);
}

/** @throws EngineError `UnsupportedModel` if an output is NaN: no figure computed from it would mean anything */
export function checkOutputs(outputs: Float32Array): void {
  for (let i = 0; i < outputs.length; i++) {
    if (Number.isNaN(outputs[i])) {
      throw new EngineError(
        'UnsupportedModel',
        'the model computes NaN from the data: check its weights, and that `normalize` matches its training',
      );
    }
  }
}
