import { EngineError } from '../../errors';
import type { Node } from '../../onnx/graph';
import type { Shape } from '../emit/batch-shapes';
import type { Builder } from '../emit/builder';

/** What a row of the table sees of the node whose inputs' gradients it emits. */
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
  /** Whether anybody needs the gradient of input `at`. */
  readonly wants: (at: number) => boolean;
  /** The shape of a value; a dimension that follows the batch is -1. */
  readonly shapeOf: (value: string) => Shape;
  /** The elements of a constant such as an axes or pads input; undefined where the value is computed. */
  readonly constantOf: (value: string | undefined) => number[] | undefined;
  /** The element type of a value, by ONNX's code. */
  readonly typeOf: (value: string) => number | undefined;
  /** What the node's training form left for its gradient. */
  readonly saved: Readonly<Record<string, string>>;
}

/**
 * Emits the gradients of a node's inputs; undefined for one that nobody wants or that has none.
 * @throws EngineError `UnsupportedModel` for a form of the operator that the row does not differentiate (`refuse`).
 */
export type GradientRule = (context: GradientContext) => (string | undefined)[];

/** Says why a row does not differentiate a node. */
export function refuse({ node, output }: GradientContext, reason: string): never {
  throw new EngineError(
    'UnsupportedModel',
    `node ${node.name || output} (${node.opType}) cannot be trained through: ${reason}`,
  );
}
