import { EngineError } from '../errors';
import type { Node } from '../onnx/graph';
import { numbersOf, type Tensor } from '../tensor/tensor';
import type { Builder } from './builder';
import { gradients } from './gradients';
import type { Shape } from './shapes';

/** What the backward pass has to know of the forward graph. */
export interface Forward {
  /** In execution order. */
  readonly nodes: readonly Node[];
  readonly shapeOf: (value: string) => Shape;
  readonly constant: (value: string) => Tensor | undefined;
  /** What training forms left, by node. */
  readonly saved: ReadonlyMap<Node, Readonly<Record<string, string>>>;
}

/** All values that depend on one of `sources`. */
export function dependents(nodes: readonly Node[], sources: Iterable<string>): Set<string> {
  const known = new Set(sources);
  for (const node of nodes) {
    if (node.input.some((value) => known.has(value))) node.output.forEach((value) => known.add(value));
  }
  return known;
}

/**
 * Emits the gradients of `wanted` given those of some results, going through the nodes from last to first.
 * @param seeds gradients to begin with, by value.
 * @returns gradients by value; those of `wanted` that a seed depends on, and of every value on the way.
 * @throws EngineError `UnsupportedModel` when an operator on the way has no row in the table.
 */
export function backward(
  builder: Builder,
  { nodes, shapeOf, constant, saved }: Forward,
  seeds: ReadonlyMap<string, string>,
  wanted: Iterable<string>,
): Map<string, string> {
  const active = dependents(nodes, wanted);
  const parts = new Map([...seeds].map(([value, gradient]) => [value, [gradient]]));
  const totals = new Map<string, string>();
  const total = (value: string): string | undefined => {
    const list = parts.get(value);
    if (list && !totals.has(value)) {
      const gradient = list.length > 1 ? builder.op('Sum', list) : list[0];
      builder.shapes.set(gradient, shapeOf(value));
      totals.set(value, gradient);
    }
    return totals.get(value);
  };
  const constantOf = (value: string | undefined) => {
    const tensor = value ? constant(value) : undefined;
    return tensor && numbersOf(tensor);
  };

  for (const node of [...nodes].reverse()) {
    const [output] = node.output;
    const reached = node.output.some((value) => parts.has(value));
    if (!reached || !node.input.some((value) => active.has(value))) continue;
    const rule = node.domain ? undefined : gradients[node.opType];
    const dy = total(output);
    if (!rule || !dy) {
      throw new EngineError(
        'UnsupportedModel',
        `node ${node.name || output} cannot be trained through: there is no gradient for operator ${node.domain ? `${node.domain}.` : ''}${node.opType}`,
      );
    }
    const found = rule({
      builder,
      node,
      inputs: node.input,
      output,
      dy,
      wants: (at) => active.has(node.input[at]),
      shapeOf,
      constantOf,
      saved: saved.get(node) ?? {},
    });
    found.forEach((gradient, at) => {
      const value = node.input[at];
      if (gradient && active.has(value)) {
        builder.shapes.set(gradient, shapeOf(value));
        parts.set(value, [...(parts.get(value) ?? []), gradient]);
      }
    });
  }
  return new Map([...parts.keys()].map((value) => [value, total(value)!]));
}
