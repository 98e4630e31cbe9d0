import { fromStart } from './dims';
import type { Graph, Node } from './graph';
import { intOf, intsOf } from './node-attributes';
import { inferShapes, type Shapes } from './shapes';

/** Operators that leave every number and its place. */
const same = new Set(['Identity', 'Cast', 'Dropout']);
const reshaping = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** The channels of a head inside a value: along an axis, or anywhere. */
interface Place {
  readonly value: string;
  readonly axis?: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Tells which heads hold logits of scores: those whose channels go through a Sigmoid, after operators that only move
 * them (Reshape, Transpose, Concat, Split, Slice).
 * @param heads values [N, C, …]
 */
export function scoreHeads(graph: Graph, heads: readonly string[]): ReadonlySet<string> {
  const shapes = inferShapes(graph);
  return new Set(
    heads.filter((value) => {
      const channels = shapes.get(value)?.[1];
      return typeof channels === 'number' && closes(graph, shapes, { value, axis: 1, from: 0, to: channels });
    }),
  );
}

function closes(graph: Graph, shapes: Shapes, start: Place): boolean {
  const left = [start];
  const seen = new Set<string>();
  for (let place = left.pop(); place; place = left.pop()) {
    const key = JSON.stringify(place);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const node of graph.uses(place.value)) {
      if (node.domain) continue;
      if (node.opType === 'Sigmoid') return true;
      left.push(...moved(graph, shapes, node, place));
    }
  }
  return false;
}

/** Returns where the channels are after a node; nowhere if it computes with them. */
function moved(graph: Graph, shapes: Shapes, node: Node, place: Place): Place[] {
  const [value] = node.output;
  const { axis, from, to } = place;
  const before = shapes.get(place.value);
  const after = shapes.get(value);
  if (same.has(node.opType)) return [{ ...place, value }];
  if (reshaping.has(node.opType) && node.input[0] === place.value) {
    const kept = axis === undefined || !before || !after ? undefined : keptAxis(before, after, axis);
    return [{ ...place, value, axis: kept }];
  }
  if (node.opType === 'Transpose') {
    const order = intsOf(node, 'perm') ?? before?.map((_, at) => at).reverse();
    return [{ ...place, value, axis: axis === undefined ? undefined : order?.indexOf(axis) }];
  }
  if (!before) return [];
  const along = fromStart(intOf(node, 'axis', 0), before.length);
  if (node.opType === 'Concat') {
    if (along !== axis) return [{ ...place, value }];
    const sizes = node.input.map((input) => shapes.get(input)?.[axis]);
    return node.input.flatMap((input, at) => {
      const first = sizes
        .slice(0, at)
        .reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : NaN), 0);
      return input === place.value && Number.isFinite(first)
        ? [{ value, axis, from: from + first, to: to + first }]
        : [];
    });
  }
  if (node.opType === 'Split') {
    let first = 0;
    return node.output.flatMap((part) => {
      if (along !== axis) return [{ ...place, value: part }];
      const size = shapes.get(part)?.[axis];
      const begin = first;
      first += typeof size === 'number' ? size : NaN;
      return within(part, axis, from, to, begin, first);
    });
  }
  return node.opType === 'Slice' ? sliced(graph, shapes, node, place) : [];
}

function sliced(graph: Graph, shapes: Shapes, node: Node, { axis, from, to }: Place): Place[] {
  const numbers = (at: number) => {
    const tensor = graph.constant(node.input[at]);
    return tensor && Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  };
  const [value] = node.output;
  const [starts, axes] = [numbers(1), numbers(3)];
  const size = axis === undefined ? undefined : shapes.get(value)?.[axis];
  const length = axis === undefined ? undefined : shapes.get(node.input[0])?.[axis];
  if (axis === undefined || typeof size !== 'number' || typeof length !== 'number') return [];
  if (size === length) return [{ value, axis, from, to }];
  const rank = shapes.get(node.input[0])!.length;
  const at = axes ? axes.findIndex((other) => fromStart(other, rank) === axis) : axis;
  const start = starts?.[at];
  return start === undefined
    ? []
    : within(value, axis, from, to, fromStart(start, length), fromStart(start, length) + size);
}

/** The part of the channels that a piece of a value holds, if it holds all of them. */
const within = (
  value: string,
  axis: number | undefined,
  from: number,
  to: number,
  begin: number,
  end: number,
): Place[] =>
  axis !== undefined && begin <= from && to <= end
    ? [{ value, axis, from: from - begin, to: to - begin }]
    : [];

/** Finds the axis that channels have after a Reshape: one of the same size, with the same axes before or after it. */
function keptAxis(before: readonly unknown[], after: readonly unknown[], axis: number): number | undefined {
  const sameList = (a: readonly unknown[], b: readonly unknown[]) =>
    a.join() === b.join() && !a.includes(undefined);
  const kept = after.findIndex(
    (size, at) =>
      size === before[axis] &&
      (sameList(before.slice(0, axis), after.slice(0, at)) ||
        sameList(before.slice(axis + 1), after.slice(at + 1))),
  );
  return kept < 0 ? undefined : kept;
}
