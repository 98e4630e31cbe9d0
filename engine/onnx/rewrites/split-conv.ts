import type { FloatTensor } from '../../tensor/tensor';
import { intsOf, setAttribute } from '../node-attributes';
import { type Graph, makeNode, type Node } from '../graph';
import { nameOf } from '../layers';

/** Weights of the two halves of a Conv over spatial axes k…, which divide those axes between them. */
export interface ConvPair {
  /** [K, M, k…], of size 1 along the second's axes. */
  readonly first: FloatTensor;
  /** [N, K, k…], of size 1 along the first's axes. */
  readonly second: FloatTensor;
  /** Number of leading spatial axes that are the first's; the others are the second's. */
  readonly axesOfFirst: number;
  /** Suffixes of the halves' names, after the layer's name. */
  readonly names: readonly [string, string];
}

/**
 * Replaces a groups-1 Conv by two: each has the stride, padding and dilation of its own axes and none along the others;
 * the second has the bias. Equal to the original if the product of the pair is its weight: a filter without bias maps
 * zero padding to zero padding.
 * @returns the two nodes
 */
export function splitConv(graph: Graph, node: Node, pair: ConvPair): [Node, Node] {
  const name = nameOf(node);
  const between = graph.uniqueName(`${name}.between`);
  const half = (at: 0 | 1, weight: FloatTensor, inputs: readonly string[], output: string): Node => {
    const own = (axis: number) => (at === 0 ? axis < pair.axesOfFirst : axis >= pair.axesOfFirst);
    const constant = graph.uniqueName(`${name}.${pair.names[at]}.weight`);
    graph.setConstant(constant, weight);
    const [x, ...bias] = inputs;
    const made = makeNode({
      op: 'Conv',
      name: `${name}.${pair.names[at]}`,
      inputs: [x, constant, ...bias],
      outputs: [output],
    });
    made.attribute = [...node.attribute];
    const kernel = weight.dims.slice(2);
    setAttribute(made, 'kernel_shape', kernel);
    for (const key of ['strides', 'dilations']) {
      const values = intsOf(node, key) ?? kernel.map(() => 1);
      const kept = values.map((value, axis) => (own(axis) ? value : 1));
      setAttribute(made, key, kept);
    }
    // Automatic padding is resolved per axis when the node runs, so it carries over as it is.
    const pads = intsOf(node, 'pads');
    if (pads?.length) {
      const kept = pads.map((pad, i) => (own(i % kernel.length) ? pad : 0));
      setAttribute(made, 'pads', kept);
    }
    return made;
  };
  const first = half(0, pair.first, [node.input[0]], between);
  const second = half(1, pair.second, [between, ...node.input.slice(2)], node.output[0]);
  graph.replace(node, [first, second]);
  return [first, second];
}
