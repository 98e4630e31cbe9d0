import { EngineError } from '../../errors';
import type { Node } from '../../onnx/graph';
import type { Shape } from '../emit/batch-shapes';
import type { Builder } from '../emit/builder';

/** A rule's view of the node whose inputs' gradients it emits. */
export interface GradientContext {
  readonly builder: Builder;
  readonly node: Node;
  /** The node's inputs; '' for an optional one left out. */
  readonly inputs: readonly string[];
  /** The node's first output. */
  readonly output: string;
  /** Gradient of the loss by `output`, of the same shape. */
  readonly dy: string;
  /** Gradients by all outputs; undefined for one that the loss does not depend on. */
  readonly dys: readonly (string | undefined)[];
  /** Tells if anybody needs the gradient of input `at`. */
  readonly wants: (at: number) => boolean;
  /** Returns the shape of a value; a dimension that follows the batch is -1. */
  readonly shapeOf: (value: string) => Shape;
  /** Returns the elements of a constant such as an axes or pads input; undefined if the value is computed. */
  readonly constantOf: (value: string | undefined) => number[] | undefined;
  /** Returns the element type of a value, by ONNX's code. */
  readonly typeOf: (value: string) => number | undefined;
  /** Values that the node's training form saved for its gradient. */
  readonly saved: Readonly<Record<string, string>>;
}

/**
 * Emits the gradients of a node's inputs; undefined for one that nobody wants or that has none.
 * @throws EngineError `UnsupportedModel` for a form of the operator that the rule does not differentiate (`refuse`)
 */
export type GradientRule = (context: GradientContext) => (string | undefined)[];

/**
 * Says why a rule does not differentiate a node.
 * @throws EngineError `UnsupportedModel`, always
 */
export function refuse({ node, output }: GradientContext, reason: string): never {
  throw new EngineError(
    'UnsupportedModel',
    `node ${node.name || output} (${node.opType}) cannot be trained through: ${reason}`,
  );
}
