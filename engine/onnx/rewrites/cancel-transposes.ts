import { intsOf, setAttribute } from '../node-attributes';
import type { Graph, Node } from '../graph';

/**
 * Removes pairs of successive Transposes, which converters from channels-last frameworks leave around every
 * convolution, if they cancel, and merges them otherwise. Exact for every input.
 */
export function cancelTransposes(graph: Graph): void {
  for (const second of [...graph.nodes]) {
    const first = isTranspose(second) ? graph.producer(second.input[0]) : undefined;
    if (!first || !isTranspose(first)) continue;
    const order = composed(first, second);
    if (!order || !first.input[0]) continue;
    if (order.some((axis, at) => axis !== at)) {
      graph.setInput(second, 0, first.input[0]);
      setAttribute(second, 'perm', order);
      continue;
    }
    graph.bypass(second, first.input[0]);
  }
  graph.removeDead();
}

const isTranspose = ({ opType, domain }: Node): boolean => opType === 'Transpose' && !domain;

/** Returns the combined order of two successive Transposes; undefined if it is not stated. */
function composed(first: Node, second: Node): number[] | undefined {
  const [one, two] = [intsOf(first, 'perm'), intsOf(second, 'perm')];
  // Without an order a Transpose reverses all axes, and two restore them.
  if (!one || !two || one.length !== two.length) return undefined;
  const order = two.map((axis) => one[axis]);
  return new Set(order).size === order.length && order.every((axis) => axis !== undefined)
    ? order
    : undefined;
}
