import type { Graph } from '../../onnx/graph';
import type { Shape } from '../emit/batch-shapes';
import type { Builder } from '../emit/builder';
import type { LossSettings } from '../settings';
import type { Scores } from './model-scores';

/** Values that a loss is computed from. */
export interface LossContext {
  readonly builder: Builder;
  /** The model's scores, [N, K, …]. */
  readonly scores: Scores;
  /** The labels, int64, or float32 if `labelling` has floats. */
  readonly labels: string;
  readonly labelling: Labelling;
  readonly form: LabelForm;
  readonly settings: LossSettings;
}

/** A scalar, and its gradient by the scores, of their shape. */
export interface Loss {
  readonly loss: string;
  readonly gradient: string;
}

/** A loss and the value that its gradient refers to. */
export type Part = readonly [value: string, loss: Loss];

/** A way to judge scores by labels. */
export interface LossRule {
  /**
   * Returns the scores to compare with labels: the output, or the value before a closing Softmax, LogSoftmax or
   * Sigmoid.
   */
  readonly scores: (graph: Graph, shapeOf: (value: string) => Shape) => Scores;
  /** True if there may be one label per score, rather than a class number. */
  readonly perScore: boolean;
  /** Smallest and largest label, if there is one per score. */
  readonly range?: readonly [number, number];
  /**
   * Returns the loss of guessing.
   * @param spread variance of labels that are numbers
   */
  readonly chance: (classes: number, form: LabelForm, spread: number) => number;
  readonly emit: (context: LossContext) => Loss;
}

/** Meaning of a data set's labels: a class number, a number for each score, or what a user's own loss makes of them. */
export type LabelForm = 'class' | 'score' | 'own';

/** Labels of a data set. */
export interface Labelling {
  /**
   * Shape of a sample's labels: [] (the default) for one per sample, [K, …] for one per score, [H, W] for one per
   * pixel.
   */
  readonly labelShape?: readonly number[];
  /** True if they are floats, which cannot be class numbers; integers by default. */
  readonly floatLabels?: boolean;
  /** True if NaN stands for unknown labels, which are ignored. */
  readonly unknownLabels?: boolean;
}
