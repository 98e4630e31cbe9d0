import type { FloatTensor } from '../../tensor/tensor';
import { intOf } from '../node-attributes';
import { type Graph, makeNode, type Node } from '../graph';
import { nameOf } from '../layers';

/**
 * Weights of the two halves, laid out like the layer's own: [in, K] and [K, out], transposed if transB is set or if the
 * weight is the left operand.
 */
export interface LinearPair {
  readonly first: FloatTensor;
  readonly second: FloatTensor;
}

/**
 * Replaces a Gemm (transA = 0, its weight second) or a MatMul by two of the same operator, with their weights on the
 * same side. For a Gemm, the second has alpha, beta and the bias; the first, which has no bias, needs opset 11.
 * @returns the two nodes
 */
export function splitLinear(graph: Graph, node: Node, { first, second }: LinearPair): [Node, Node] {
  const name = nameOf(node);
  const onLeft = graph.isConstant(node.input[0]);
  const between = graph.uniqueName(`${name}.between`);
  const half = (role: string, weight: FloatTensor, inputs: readonly string[], output: string): Node => {
    const constant = graph.uniqueName(`${name}.${role}.weight`);
    graph.setConstant(constant, weight);
    const [x, ...bias] = inputs;
    return makeNode({
      op: node.opType,
      name: `${name}.${role}`,
      inputs: onLeft ? [constant, x] : [x, constant, ...bias],
      outputs: [output],
    });
  };
  const one = half('reduce', first, [node.input[onLeft ? 1 : 0]], between);
  const two = half('expand', second, [between, ...node.input.slice(2)], node.output[0]);
  if (intOf(node, 'transB', 0))
    one.attribute = node.attribute.filter((attribute) => attribute.name === 'transB');
  two.attribute = [...node.attribute];
  graph.replace(node, [one, two]);
  return [one, two];
}
