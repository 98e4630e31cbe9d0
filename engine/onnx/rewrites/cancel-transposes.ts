import { intsOf, setAttribute } from '../node-attributes';
import type { Graph, Node } from '../graph';

/**
 * Two Transposes in a row, which converters of channels-last frameworks leave around every convolution, become none where
 * they undo each other, and one where they do not. Exact for every input.
 */
export function cancelTransposes(graph: Graph): void {
  for (const second of [...graph.nodes]) {
    const first = isTranspose(second) ? graph.producer(second.input[0]) : undefined;
    if (!first || !isTranspose(first)) continue;
    const order = composed(first, second);
    if (!order) continue;
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

/** The order in which two Transposes, one after the other, leave the axes; undefined where it is not written down. */
function composed(first: Node, second: Node): number[] | undefined {
  const [one, two] = [intsOf(first, 'perm'), intsOf(second, 'perm')];
  // Without an order a Transpose turns all axes round, and two do so twice.
  if (!one || !two || one.length !== two.length) return undefined;
  const order = two.map((axis) => one[axis]);
  return new Set(order).size === order.length && order.every((axis) => axis !== undefined)
    ? order
    : undefined;
}
