import { declare } from '../onnx/extract';
import { type Graph, makeNode } from '../onnx/graph';
import type { Dim } from '../onnx/dims';
import { inferShapes } from '../onnx/shapes';
import { floats, sizeOf } from '../tensor/tensor';

/** Beginning of the names of all that is put around a layer. */
const prefix = 'slimflow.neighbour.';
/** The network's input and output, beyond the neighbours. */
const [from, to] = [`${prefix}x`, `${prefix}y`];

/** Channels that the neighbour after a layer computes: a multiple of every block that ONNX Runtime has. */
const after = 16;

/**
 * Puts a layer, cut out of a network, between 1x1 convolutions as cheap as they can be. ONNX Runtime then hands it its
 * input in the blocked layout (NCHWc), and takes its output so, as in the network. Alone it would pay for reordering
 * both; with neighbours it pays only if its own widths do not fit the blocks, as a rank of 19 does not. An end of the
 * network itself, and what is no map [N, C, H, W] of known size, gets no neighbour.
 * @param alone a graph with one input and one output; it stays as it is
 * @param whole the network
 */
export function inPlace(alone: Graph, whole: Graph): Graph {
  const [input] = alone.inputs;
  const [output] = alone.outputs;
  const shapes = inferShapes(alone);
  const isEnd = (name: string) => whole.inputs.some((one) => one.name === name) || whole.isOutput(name);
  const before = isEnd(input.name) ? undefined : mapOf(shapes.get(input.name));
  const following = isEnd(output.name) ? undefined : mapOf(shapes.get(output.name));
  if (!before && !following) return alone;
  const graph = alone.clone();
  if (before) {
    const made = `${prefix}before`;
    graph.redirect(input.name, made);
    const [batch, channels, ...plane] = before;
    addConv(graph, { input: from, output: made, dims: [channels, 1, 1, 1], first: true });
    graph.setInterface([declare(from, [batch, 1, ...plane])], [graph.declaration(output.name)!]);
  }
  if (following) {
    addConv(graph, { input: output.name, output: to, dims: [after, following[1], 1, 1], first: false });
    graph.setInterface([graph.declaration(graph.inputs[0].name)!], [declare(to)]);
  }
  return graph;
}

/**
 * Picks the kernels of a layer out of those of a run of `inPlace`'s graph: not its neighbours, nor what makes an output
 * of theirs.
 */
export function ownKernels<Kernel extends { readonly node: string }>(
  run: readonly Kernel[],
): readonly Kernel[] {
  const end = run.findIndex(({ node }) => node.startsWith(to));
  return (end < 0 ? run : run.slice(0, end)).filter(({ node }) => !node.startsWith(prefix));
}

/** A shape [N, C, H, W] whose C, H and W are known; undefined for any other. */
const mapOf = (
  dims: readonly Dim[] | undefined,
): readonly [batch: Dim, channels: number, height: number, width: number] | undefined =>
  dims?.length === 4 && dims.slice(1).every((dim) => typeof dim === 'number')
    ? (dims as [Dim, number, number, number])
    : undefined;

interface Neighbour {
  readonly input: string;
  readonly output: string;
  /** Shape of its weight. */
  readonly dims: readonly number[];
  /** True for the one before the layer. */
  readonly first: boolean;
}

function addConv(graph: Graph, { input, output, dims, first }: Neighbour): void {
  const weight = `${output}.weight`;
  // Ordinary numbers: the time of some operations depends on denormal ones.
  graph.setConstant(weight, { ...floats(dims), data: new Float32Array(sizeOf(dims)).fill(1 / dims[1]) });
  const node = makeNode({ op: 'Conv', inputs: [input, weight], outputs: [output] });
  graph.insert([node], first ? graph.nodes[0] : undefined);
}
