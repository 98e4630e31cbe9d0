import type { FloatTensor } from '../../tensor/tensor';
import { intsOf, setAttribute } from '../attributes';
import { type Graph, makeNode, type Node } from '../graph';
import { nameOf } from '../layers';

/** The weights of the two halves: [K, M, kH, 1] and [N, K, 1, kW]. */
export interface ConvPair {
  readonly vertical: FloatTensor;
  readonly horizontal: FloatTensor;
}

/**
 * Replaces a groups-1 2-D Conv by a vertical one (kernel kH x 1, the height's stride, padding and dilation, no bias)
 * and a horizontal one (1 x kW, the width's, the bias). Equal to the original where the product of the pair is its
 * weight: a filter without bias maps zero padding to zero padding.
 * @returns the two nodes.
 */
export function splitConv(graph: Graph, node: Node, { vertical, horizontal }: ConvPair): [Node, Node] {
  const name = nameOf(node);
  const kernel = [vertical.dims[2], horizontal.dims[3]];
  const between = graph.uniqueName(`${name}.between`);
  const [first, second] = [
    graph.uniqueName(`${name}.vertical.weight`),
    graph.uniqueName(`${name}.horizontal.weight`),
  ];
  graph.setConstant(first, vertical);
  graph.setConstant(second, horizontal);
  const one = makeNode({
    op: 'Conv',
    name: `${name}.vertical`,
    inputs: [node.input[0], first],
    outputs: [between],
  });
  const two = makeNode({
    op: 'Conv',
    name: `${name}.horizontal`,
    inputs: [between, second, ...node.input.slice(2)],
    outputs: [node.output[0]],
  });
  one.attribute = [...node.attribute];
  two.attribute = [...node.attribute];
  setAttribute(one, 'kernel_shape', [kernel[0], 1]);
  setAttribute(two, 'kernel_shape', [1, kernel[1]]);
  const [strides, dilations] = ['strides', 'dilations'].map((key) => intsOf(node, key) ?? [1, 1]);
  setAttribute(one, 'strides', [strides[0], 1]);
  setAttribute(two, 'strides', [1, strides[1]]);
  setAttribute(one, 'dilations', [dilations[0], 1]);
  setAttribute(two, 'dilations', [1, dilations[1]]);
  // Automatic padding is resolved an axis at a time by whoever runs the node, so it carries over as it is.
  const pads = intsOf(node, 'pads');
  if (pads?.length) {
    setAttribute(one, 'pads', [pads[0], 0, pads[2], 0]);
    setAttribute(two, 'pads', [0, pads[1], 0, pads[3]]);
  }
  graph.replace(node, [one, two]);
  return [one, two];
}
