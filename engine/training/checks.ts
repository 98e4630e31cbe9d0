import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { sizeOf } from '../tensor/tensor';
import { lossRule } from './losses/loss';
import type { LossSettings } from './settings';
import type { TrainingStep } from './step/step';

/**
 * @param image [C, H, W] of the data.
 * @throws EngineError when the model has not exactly one input, or one that does not take such images.
 */
export function checkInput(graph: Graph, image: readonly number[], file: string): void {
  const { inputs } = graph;
  if (inputs.length !== 1) {
    throw new EngineError(
      'UnsupportedModel',
      `the model has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); fine-tuning feeds one`,
    );
  }
  const [{ name, dims }] = inputs;
  const wanted = dims?.slice(1);
  const fits = wanted?.every((dim, at) => typeof dim !== 'number' || dim === image[at]) ?? true;
  if (!fits || (wanted && wanted.length !== image.length)) {
    throw new EngineError(
      'InvalidData',
      `${file} holds images of shape [${image.join(', ')}]; the model's input ${name} takes [${wanted!.join(', ')}]`,
    );
  }
}

/** @throws EngineError `InvalidData` when a label is no class of the model. */
export function checkData(data: Dataset, classes: number, file: string): void {
  checkRange(data, [0, classes - 1], `the model's classes are 0 to ${classes - 1}`, file);
}

/** @throws EngineError `InvalidData` when there are no labels, or one is none that the loss of a step takes. */
export function checkLabelsOf(
  data: Dataset,
  { labels, classes }: Pick<TrainingStep, 'labels' | 'classes'>,
  settings: LossSettings,
  file: string,
): void {
  if (!labels) return;
  const { range = [-Infinity, Infinity] } = lossRule(settings);
  const last = classes - 1;
  if (labels === 'score') {
    checkRange(data, range, `${settings.loss} takes labels from ${range[0]} to ${range[1]}`, file);
  } else {
    const mend = data.labelShape.length ? '; ignoreLabel names one that counts for nothing' : '';
    checkRange(data, [0, last], `the model's classes are 0 to ${last}${mend}`, file, settings.ignoreLabel);
  }
}

function checkRange(
  { labels, labelShape }: Dataset,
  [low, high]: readonly [number, number],
  wanted: string,
  file: string,
  ignored?: number,
): void {
  const at = labels.findIndex((label) => (label < low || label > high) && label !== ignored);
  if (at < 0) return;
  const row = Math.floor(at / sizeOf(labelShape));
  throw new EngineError(
    'InvalidData',
    `${file} holds label ${labels[at]} (row ${row} of the split); ${wanted}`,
  );
}
