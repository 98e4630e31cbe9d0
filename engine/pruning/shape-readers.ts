import type { Node } from '../onnx/graph';
import { intOf } from '../onnx/node-attributes';
import { sliceIndices } from '../onnx/shape-rules/slice';
import { fromStart } from '../onnx/dims';
import { keyOf } from '../onnx/layers';
import { described, type Scope } from './rules/scope';
import { literalExpand, literalReshape } from './rules/shapes';

/** For each entry of a vector of sizes, the labelled channels that it counts. */
type Counts = readonly (Int32Array | undefined)[];

/**
 * Follows channel counts that a graph reads by Shape. They do no harm if they end in shapes that the rewrite replaces
 * by constants; channels whose count is used in any other way stay, since it would change with them.
 */
export function settleShapeReaders(scope: Scope): void {
  const { graph, atoms } = scope;
  const counts = new Map<string, Counts>();
  for (const node of graph.nodes) {
    const read = [...graph.readsOf(node)].filter((value) => counts.has(value));
    if (node.opType === 'Shape' && !node.domain) {
      const own = countsOfShape(node, scope);
      if (own?.some((ids) => ids)) counts.set(node.output[0], own);
    } else if (read.length) {
      const passed = passes(node, scope, counts);
      if (passed?.some((ids) => ids)) counts.set(node.output[0], passed);
      else if (passed) continue;
      else if (!settled(node, scope, read))
        freeze(read, `${described(node)} computes with the number of channels`);
    }
  }
  freeze(
    graph.outputs.map(({ name }) => name),
    'the model gives the number of channels as an output',
  );

  function freeze(values: readonly string[], why: string): void {
    for (const value of values) for (const ids of counts.get(value) ?? []) if (ids) atoms.freeze(ids, why);
  }

  /** Tells if a node takes all sizes in `values` in a shape that an edit replaces when these channels are removed. */
  function settled(node: Node, { edits, labels }: Scope, values: readonly string[]): boolean {
    const shapeInput = { Reshape: 1, Expand: 1, Resize: 3, Slice: 1, Split: 1, Pad: 1, ConstantOfShape: 0 }[
      node.opType
    ];
    if (shapeInput === undefined || node.domain) return false;
    const slots = node.opType === 'Slice' ? [1, 2] : [shapeInput];
    if (node.input.some((value, index) => values.includes(value) && !slots.includes(index))) return false;
    if (!edits.has(keyOf(node)) && !labels.has(node.input[0])) {
      if (node.opType === 'Reshape') literalReshape(node, scope, undefined, undefined);
      if (node.opType === 'Expand') literalExpand(node, scope, undefined);
    }
    const edit = edits.get(keyOf(node));
    if (!edit) return false;
    // Entries that are still computed would be computed from fewer channels.
    if (edit.pieces?.some((piece) => values.some((value) => counts.get(value)![piece]))) return false;
    const ids = values.flatMap((value) => counts.get(value)!.filter((entry) => entry !== undefined));
    edits.set(edit.node, { ...edit, ids: [...edit.ids, ...ids] });
    return true;
  }
}

/** Most entries of a vector of sizes. */
const most = 64;

function countsOfShape(node: Node, { labels, shape }: Scope): Counts | undefined {
  const own = labels.get(node.input[0]);
  const rank = shape(node.input[0])?.length;
  if (!own) return undefined;
  if (rank === undefined) return [own.ids];
  const all = Array.from({ length: rank }, (_, axis) => (axis === own.axis ? own.ids : undefined));
  return all.slice(intOf(node, 'start', 0), intOf(node, 'end', rank));
}

/**
 * Returns the counts that a node passes on if it moves sizes or calculates with them; undefined for any other, and if
 * nothing is left.
 */
function passes(node: Node, scope: Scope, counts: ReadonlyMap<string, Counts>): Counts | undefined {
  if (node.domain) return undefined;
  const [first] = node.input;
  const own = counts.get(first);
  const lengthOf = (value: string) => lengthIn(scope, value);
  switch (node.opType) {
    case 'Gather': {
      const at = scope.numbers(node.input[1]);
      return own && at && at.map((index) => own[fromStart(index, own.length)]);
    }
    case 'Slice': {
      const [start, end, step] = [1, 2, 4].map((index) => scope.numbers(node.input[index])?.[0]);
      if (!own || start === undefined || end === undefined || (node.input[4] && step === undefined))
        return undefined;
      return sliceIndices(own.length, start, end, step ?? 1).map((index) => own[index]);
    }
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Cast':
    case 'Identity':
      return own;
    case 'Concat':
      if (lengths(node, counts, scope).reduce((sum, length) => sum + length, 0) > most) return undefined;
      return node.input.flatMap(
        (value) => counts.get(value) ?? Array<undefined>(lengthOf(value)).fill(undefined),
      );
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div': {
      const both = node.input.map((value) => counts.get(value) ?? [undefined]);
      const length = Math.max(...lengths(node, counts, scope));
      if (length > most) return undefined;
      return Array.from({ length }, (_, at) => {
        const met = both.map((entries) => entries[entries.length === 1 ? 0 : at]).filter((ids) => ids);
        return met.length ? united(met as Int32Array[]) : undefined;
      });
    }
    default:
      return undefined;
  }
}

/** Returns the number of entries of each input of a node. */
const lengths = (node: Node, counts: ReadonlyMap<string, Counts>, scope: Scope): number[] =>
  node.input.map((value) => counts.get(value)?.length ?? lengthIn(scope, value));

/** Joins lists of channels, each channel once: a size that is added to itself again and again would double them. */
const united = (lists: readonly Int32Array[]): Int32Array =>
  lists.length === 1 ? lists[0] : Int32Array.from(new Set(lists.flatMap((ids) => [...ids])));

/** Returns the number of elements of a vector or scalar; Infinity if it is unknown or of higher rank. */
function lengthIn({ shape }: Scope, value: string): number {
  const dims = shape(value);
  if (!dims || dims.length > 1) return Infinity;
  return dims.length === 0 ? 1 : typeof dims[0] === 'number' ? dims[0] : Infinity;
}
