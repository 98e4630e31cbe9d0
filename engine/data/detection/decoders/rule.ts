import { EngineError } from '../../../errors';
import { asFloats } from '../../../tensor/as-floats';
import { numbersOf, type Tensor } from '../../../tensor/tensor';
import type { Detections } from '../boxes';

/** A model's outputs by name. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** Settings that several decoders share. */
export interface Common {
  /** Classes that the model scores; needed if the outputs' shapes do not tell. */
  readonly classes?: number;
  /** Names of the outputs to read, in the order that the decoder expects; all of the model's by default. */
  readonly outputs?: readonly string[];
  /** Smallest score of a box that counts; 0.001 by default. */
  readonly scoreThreshold?: number;
  /** True if a box may have several classes, each with its score (the default); false for its best one alone. */
  readonly multiLabel?: boolean;
}

/** What a decoder is told besides its settings. */
export interface Frame {
  /** Size of the model's input, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Images in the batch. */
  readonly size: number;
}

/** Reads the boxes of each image of a batch from a model's outputs. */
export type Decode<Settings extends Common> = (
  outputs: readonly Output[],
  settings: Settings,
  frame: Frame,
) => Found[];

/** An output as numbers. */
export interface Output {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Boxes of an image while they are collected. */
export class Found implements Detections {
  readonly corners: number[] = [];
  readonly classes: number[] = [];
  readonly scores: number[] = [];

  /** Adds a box by its corners. */
  corner(x1: number, y1: number, x2: number, y2: number, kind: number, score: number): void {
    this.corners.push(x1, y1, x2, y2);
    this.classes.push(kind);
    this.scores.push(score);
  }

  /** Adds a box by its centre and size. */
  centre(x: number, y: number, width: number, height: number, kind: number, score: number): void {
    this.corner(x - width / 2, y - height / 2, x + width / 2, y + height / 2, kind, score);
  }
}

/**
 * Calls `take` with the classes of a box whose score reaches the threshold; with the best one alone if a box has one
 * class.
 * @param scoreOf returns the score of a class
 */
export function eachClass(
  count: number,
  { scoreThreshold = 0.001, multiLabel = true }: Common,
  scoreOf: (kind: number) => number,
  take: (kind: number, score: number) => void,
): void {
  let [best, most] = [-1, -Infinity];
  for (let kind = 0; kind < count; kind++) {
    const score = scoreOf(kind);
    if (score < scoreThreshold) continue;
    if (multiLabel) take(kind, score);
    else if (score > most) [best, most] = [kind, score];
  }
  if (best >= 0) take(best, most);
}

/**
 * Takes the outputs that a decoder reads, as numbers.
 * @throws EngineError `InvalidSettings` if one does not exist; `UnsupportedModel` if one holds NaN
 */
export function outputsFor(outputs: Outputs, { outputs: names = Object.keys(outputs) }: Common): Output[] {
  return names.map((name) => {
    if (!Object.hasOwn(outputs, name))
      throw new EngineError(
        'InvalidSettings',
        `metric.outputs names ${name}, but the model's outputs are ${Object.keys(outputs).join(', ')}`,
      );
    const tensor = outputs[name];
    const data = asFloats(tensor) ?? numbersOf(tensor);
    for (let at = 0; at < data.length; at++)
      if (Number.isNaN(data[at]))
        throw new EngineError(
          'UnsupportedModel',
          `output ${name} has NaN for the data: check the model's weights, and that \`normalize\` matches its training`,
        );
    return { name, dims: tensor.dims, data };
  });
}

/** Makes the error for outputs that a decoder can't read. */
export const unreadable = (decoder: string, outputs: readonly Output[], wanted: string) =>
  new EngineError(
    'UnsupportedModel',
    `metric coco-map with decoder ${decoder} can't read ${outputs
      .map(({ name, dims }) => `${name} [${dims.join(', ')}]`)
      .join(', ')}: it needs ${wanted}; choose another decoder, or name the right outputs in metric.outputs`,
  );

/** Reads an output [N, A, F] or, if its rows are along the last axis, [N, F, A]: returns value f of anchor a. */
export function anchorTable(
  { dims: [, rows, columns], data }: Output,
  fields: 'rows' | 'columns',
): { readonly anchors: number; readonly at: (image: number, anchor: number, field: number) => number } {
  const area = rows * columns;
  if (fields === 'columns')
    return { anchors: rows, at: (image, anchor, field) => data[image * area + anchor * columns + field] };
  return { anchors: columns, at: (image, anchor, field) => data[image * area + field * columns + anchor] };
}

/** 1 / (1 + e^-x). */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Softmax of `count` numbers. */
export function softmax(count: number, valueOf: (at: number) => number): Float64Array {
  const powers = new Float64Array(count);
  let most = -Infinity;
  for (let at = 0; at < count; at++) {
    powers[at] = valueOf(at);
    most = Math.max(most, powers[at]);
  }
  let sum = 0;
  for (let at = 0; at < count; at++) sum += powers[at] = Math.exp(powers[at] - most);
  for (let at = 0; at < count; at++) powers[at] /= sum;
  return powers;
}

/** Starts a list of boxes for each image. */
export const begin = ({ size }: Frame): Found[] => Array.from({ length: size }, () => new Found());
