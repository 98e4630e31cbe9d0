import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import type { Augmentation } from './augment';
import type { ScheduleSettings } from './schedule';

/** How to train. */
export interface TrainingSettings extends ScheduleSettings {
  readonly epochs: number;
  /** Images a step. */
  readonly batch: number;
  /** Images whose gradients are computed at once, accumulated over the batch; all of it by default. */
  readonly microBatch?: number;
  readonly optimizer: 'sgd';
  readonly weightDecay: number;
  /** Seed of the order in which samples are visited, and of augmentation. */
  readonly seed: number;
  /** How images are varied; as they are by default. */
  readonly augment?: Augmentation;
}

const rules: readonly [keyof TrainingSettings, (value: number) => boolean, string][] = [
  ['epochs', (value) => Number.isInteger(value) && value >= 1, 'a whole number from 1'],
  ['batch', (value) => Number.isInteger(value) && value >= 1, 'a whole number from 1'],
  [
    'microBatch',
    (value?: number) => value === undefined || (Number.isInteger(value) && value >= 1),
    'a whole number from 1',
  ],
  ['learningRate', (value) => value > 0 && value < Infinity, 'a positive number'],
  ['momentum', (value) => value >= 0 && value < 1, 'at least 0 and below 1'],
  ['weightDecay', (value) => value >= 0 && value < Infinity, '0 or a positive number'],
  ['seed', Number.isInteger, 'a whole number'],
];

/** @throws EngineError `InvalidSettings` naming the setting. */
export function checkSettings(settings: TrainingSettings): void {
  for (const [name, holds, what] of rules) {
    const value = settings[name] as number;
    if (!holds(value)) {
      throw new EngineError('InvalidSettings', `fine-tuning setting ${name} is ${value}; it must be ${what}`);
    }
  }
}

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

/** @throws EngineError `InvalidData` when there is not one label an image, or a label is no class of the model. */
export function checkData(data: Dataset, classes: number, file: string): void {
  const { labels, length } = data;
  if (labels.length !== length) {
    throw new EngineError(
      'InvalidData',
      `${file} holds ${labels.length / length} labels for each image; fine-tuning trains classifiers, which take one`,
    );
  }
  const at = labels.findIndex((label) => label < 0 || label >= classes);
  if (at >= 0) {
    throw new EngineError(
      'InvalidData',
      `${file} holds label ${labels[at]} (row ${at} of the split); the model's classes are 0 to ${classes - 1}`,
    );
  }
}
