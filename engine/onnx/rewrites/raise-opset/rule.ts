import type { Tensor } from '../../../tensor/tensor';
import type { Node } from '../../graph';

/** Context in which a row rewrites a node. */
export interface Raising {
  /** The operator set that the model was written in. */
  readonly from: number;
  /** The value of an initializer or Constant; undefined if it is computed, or of a type that is not read. */
  valueOf(name: string | undefined): Tensor | undefined;
  /** ONNX's code of the element type of a value; float32 if it can't be told. */
  typeOf(name: string): number;
  /** Makes a constant, to be read by the node. @returns its name */
  constant(tensor: Tensor): string;
  /** Tells if anything reads a value. */
  isRead(name: string | undefined): boolean;
  /** A name that no value has yet. */
  uniqueName(base: string): string;
  /** @throws EngineError `UnsupportedModel` with the node's name, the reason, and what to do. */
  refuse(why: string): never;
}

/**
 * Rewrites a node of an operator whose definition changed by operator set 11, in place, or as the nodes that take its
 * place.
 */
export type Raise = (node: Node, raising: Raising) => readonly Node[] | void;

/** Removes an attribute from a node. @returns whether it had it */
export function dropAttribute(node: Node, name: string): boolean {
  const had = node.attribute.some((attribute) => attribute.name === name);
  node.attribute = node.attribute.filter((attribute) => attribute.name !== name);
  return had;
}

/** Gives a node inputs after its first, of which undefined ones are left out; an attribute's place is its input's. */
export function appendInputs(node: Node, names: readonly (string | undefined)[]): void {
  const inputs = names.map((name) => name ?? '');
  while (inputs.at(-1) === '') inputs.pop();
  node.input.push(...inputs);
}
