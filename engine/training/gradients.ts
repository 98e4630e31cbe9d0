import type { Node } from '../onnx/graph';
import type { Builder } from './builder';
import { arithmetic } from './gradients/arithmetic';
import { conv } from './gradients/conv';
import { matrix } from './gradients/matrix';
import { norm } from './gradients/norm';
import { pointwise } from './gradients/pointwise';
import { pool } from './gradients/pool';
import { reduce } from './gradients/reduce';
import { shape } from './gradients/shape';
import type { Shape } from './shapes';

/** What a row of the table sees of the node whose inputs' gradients it emits. */
export interface GradientContext {
  readonly builder: Builder;
  readonly node: Node;
  /** The node's inputs; '' for an optional one left out. */
  readonly inputs: readonly string[];
  /** The node's first output, the one that is differentiated. */
  readonly output: string;
  /** Gradient of the loss by `output`, of the same shape. */
  readonly dy: string;
  /** Whether anybody needs the gradient of input `at`. */
  readonly wants: (at: number) => boolean;
  /** The shape of a value; a dimension that follows the batch is -1. */
  readonly shapeOf: (value: string) => Shape;
  /** The elements of a constant such as an axes or pads input; undefined where the value is computed. */
  readonly constantOf: (value: string | undefined) => number[] | undefined;
  /** What the node's training form left for its gradient. */
  readonly saved: Readonly<Record<string, string>>;
}

/** Emits the gradients of a node's inputs; undefined for one that nobody wants or that has none. */
export type GradientRule = (context: GradientContext) => (string | undefined)[];

/** Reverse-mode differentiation: a row an operator, each written in standard ONNX operators. */
export const gradients: Readonly<Record<string, GradientRule>> = {
  ...conv,
  ...matrix,
  ...norm,
  ...pointwise,
  ...arithmetic,
  ...shape,
  ...reduce,
  ...pool,
};
