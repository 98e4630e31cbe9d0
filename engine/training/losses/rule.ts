import type { Graph } from '../../onnx/graph';
import type { Shape } from '../emit/batch-shapes';
import type { Builder } from '../emit/builder';
import type { LossSettings } from '../settings';
import type { Scores } from './model-scores';

/** What a loss is computed from. */
export interface LossContext {
  readonly builder: Builder;
  /** The model's scores, [N, K, …]. */
  readonly scores: Scores;
  /** The labels, int64, or float32 where `labelling` has floats. */
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

/** A way to judge scores by labels. */
export interface LossRule {
  /** What it compares with labels: the output, or what comes before a closing Softmax, LogSoftmax or Sigmoid. */
  readonly scores: (graph: Graph, shapeOf: (value: string) => Shape) => Scores;
  /** Whether labels may be given for each score, rather than as the number of a class. */
  readonly perScore: boolean;
  /** The smallest and largest label, where labels are given for each score. */
  readonly range?: readonly [number, number];
  /** The loss of guessing. @param spread the variance of labels that are numbers */
  readonly chance: (classes: number, form: LabelForm, spread: number) => number;
  readonly emit: (context: LossContext) => Loss;
}

/** What labels of a data set stand for: the number of a class, or a number for each score. */
export type LabelForm = 'class' | 'score';

/** The labels of a data set. */
export interface Labelling {
  /** Shape of a sample's: [] (the default) for one a sample, [K, …] for one a score, [H, W] for one a pixel. */
  readonly labelShape?: readonly number[];
  /** Whether they are floats, which stand for no class; integers by default. */
  readonly floatLabels?: boolean;
  /** Whether NaN stands for labels that are not known, which count for nothing. */
  readonly unknownLabels?: boolean;
}
