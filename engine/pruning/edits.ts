import type { Graph, Node } from '../onnx/graph';
import type { Dim } from '../onnx/dims';
import { makeNode } from '../onnx/graph';
import { keyOf } from '../onnx/layers';
import { int64s } from '../tensor/tensor';

/** A parameter with channels: uses of one constant that go together, and the atoms along its axes. */
export interface Slot {
  readonly constant: string;
  readonly dims: readonly number[];
  readonly uses: { readonly node: string; readonly index: number }[];
  readonly axes: (Int32Array | undefined)[];
}

/** Returns the entries of labelled channels that are kept, ascending. */
export type Kept = (ids: Int32Array) => readonly number[];

/** A change of a node that refers to channel counts, made if any atom of `ids` is removed. */
export interface Edit {
  /** The node, by `keyOf`. */
  readonly node: string;
  readonly ids: readonly Int32Array[];
  /** Inputs that are no longer read after the change. */
  readonly drops: readonly number[];
  /** Elements of the constants that it adds. */
  readonly adds: number;
  /** Entries of the replaced shape that are still computed. */
  readonly pieces?: readonly number[];
  /** Channels of which each kept one adds an element. */
  readonly addsEach?: Int32Array;
  apply(graph: Graph, node: Node, kept: Kept): void;
}

/** Sets input `index` of `node` to the integers `values`, as a separate constant. */
export function setIntegers(graph: Graph, node: Node, index: number, values: readonly number[]): void {
  const name = graph.uniqueName(`${keyOf(node)}.${index}`);
  graph.setConstant(name, int64s(values));
  graph.setInput(node, index, name);
}

/** An entry of a shape: a number, labelled channels to be counted, or entry `piece` of the shape as it is computed. */
export type ShapeEntry = number | Int32Array | { readonly piece: number };

const isPiece = (entry: ShapeEntry): entry is { readonly piece: number } =>
  typeof entry === 'object' && 'piece' in entry;

/**
 * Makes the edit that replaces the shape, input `index` of `node`, by `entries`: a constant if no piece of it depends
 * on the model's input, otherwise a Concat of numbers and pieces of the computed one.
 */
export function shapeEdit(
  node: Node,
  index: number,
  entries: readonly ShapeEntry[],
  also: (node: Node) => void = () => undefined,
): Edit {
  const ids = entries.filter((entry) => entry instanceof Int32Array);
  const pieces = entries.filter(isPiece).map(({ piece }) => piece);
  return {
    node: keyOf(node),
    ids,
    drops: pieces.length ? [] : [index],
    // A piece is a Slice with start, end and axis.
    adds: entries.length + 2 * pieces.length,
    pieces,
    apply(graph, at, kept) {
      also(at);
      const numbers = entries.map((entry) =>
        isPiece(entry) ? entry : entry instanceof Int32Array ? kept(entry).length : entry,
      );
      if (!pieces.length) setIntegers(graph, at, index, numbers as number[]);
      else graph.setInput(at, index, assemble(graph, at, at.input[index], numbers));
    },
  };
}

function assemble(
  graph: Graph,
  before: Node,
  source: string,
  entries: readonly (number | { readonly piece: number })[],
): string {
  const base = `${keyOf(before)}.shape`;
  const constant = (value: number) => {
    const name = graph.uniqueName(`${base}.entry`);
    graph.setConstant(name, int64s([value]));
    return name;
  };
  const nodes: Node[] = [];
  const parts = entries.map((entry) => {
    if (typeof entry === 'number') return constant(entry);
    const output = graph.uniqueName(`${base}.piece${entry.piece}`);
    const inputs = [source, constant(entry.piece), constant(entry.piece + 1), constant(0)];
    nodes.push(makeNode({ op: 'Slice', inputs, outputs: [output] }));
    return output;
  });
  const whole = graph.uniqueName(base);
  nodes.push(makeNode({ op: 'Concat', inputs: parts, outputs: [whole], attributes: { axis: 0 } }));
  graph.insert(nodes, before);
  return whole;
}

/**
 * Makes the entries for a shape whose numbers are `dims`, with labelled `channels`; an open dimension's symbol is
 * converted by `open`.
 * @returns undefined if an open dimension cannot be expressed
 */
export function shapeEntries(
  dims: readonly Dim[],
  channels: { readonly axis: number; readonly ids: Int32Array } | undefined,
  open: (axis: number) => ShapeEntry | undefined,
): ShapeEntry[] | undefined {
  const entries = dims.map((dim, axis) =>
    axis === channels?.axis ? channels.ids : typeof dim === 'number' ? dim : open(axis),
  );
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}
