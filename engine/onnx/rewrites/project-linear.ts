import { type Graph, makeNode, type Node } from '../graph';
import { nameOf } from '../layers';

/**
 * Inserts a product with a symmetric constant P next to a Gemm (transA = 0, its weight second) or a MatMul W: on its
 * input side, so that it computes what P·W would, or on its output side, for W·P. A Gemm's bias is then added last,
 * which needs opset 11. With a P that projects, the layer has lower rank while W is untouched.
 * @param constant name of P, square: as wide as the layer's inputs, or its outputs
 */
export function projectLinear(graph: Graph, node: Node, constant: string, side: 'input' | 'output'): void {
  const onLeft = graph.isConstant(node.input[0]);
  const name = nameOf(node);
  const projected = graph.uniqueName(`${name}.projected`);
  const product = (value: string, output: string): Node =>
    makeNode({
      op: 'MatMul',
      name: `${name}.project`,
      inputs: onLeft ? [constant, value] : [value, constant],
      outputs: [output],
    });
  if (side === 'input') {
    const at = onLeft ? 1 : 0;
    graph.insert([product(node.input[at], projected)], node);
    graph.setInput(node, at, projected);
    return;
  }
  const { opType: op, domain } = node;
  const [result] = node.output;
  const own = makeNode({ op, domain, name, inputs: node.input.slice(0, 2), outputs: [projected] });
  own.attribute = node.attribute.filter((attribute) => attribute.name !== 'beta');
  const bias = node.input.slice(2);
  const behind = product(projected, result);
  if (bias.some(Boolean)) {
    behind.opType = 'Gemm';
    behind.input.push(...bias);
    behind.attribute = node.attribute.filter((attribute) => attribute.name === 'beta');
  }
  graph.replace(node, [own, behind]);
}
