import { sliceAxis } from '../../tensor/slice-axis';
import { int64s, numbersOf, toBytes } from '../../tensor/tensor';
import { type Dim, fromStart, product } from '../dims';
import { type Graph, makeNode, type Node } from '../graph';
import { intOf } from '../node-attributes';
import { inferShapes, type Shape, type Shapes } from '../shapes';
import { table } from '../../table';

/** The name that a batch has once it is open. */
export const batch = 'opened_batch';
/** Operators of several operands, which must all have the batch or broadcast. */
const recurrent = new Set(['LSTM', 'GRU', 'RNN']);
const growing = ['Concat', 'Add', 'Sub', 'Mul', 'Div', 'Where', 'MatMul', ...recurrent];
/** Tells if a dimension is the opened batch, or a multiple of it. */
export const isBatched = (dim: Dim): boolean => typeof dim === 'string' && dim.split('*').includes(batch);

/** The batch that an export fixed, and the shapes by it. */
export interface Fixed {
  readonly fixed: Shapes;
  readonly size: number;
  /** The image input. */
  readonly image: string;
  /** Nodes that were added to copy values for each sample. */
  readonly inserted: Set<Node>;
}

/** Opens the batch in one node's constants, if it is a number there. @returns true if it did */
type Opens = (graph: Graph, node: Node, shapes: Shapes, told: Fixed) => boolean;

/** Operators whose constants may fix the batch. */
const opening = table<Opens>({
  Reshape: openTarget,
  Slice: openEnds,
  Expand: openExpand,
  ...Object.fromEntries(growing.map((operator) => [operator, growOperands])),
});

/** Opens the batch wherever a constant fixes it, and infers the shapes that follow. */
export function openConstants(opened: Graph, told: Fixed): Shapes {
  let shapes = inferShapes(opened);
  // Each node is opened once: shape inference need not see that its result grows, and `allGrow` refuses it then.
  const left = new Set(
    opened.nodes.filter(({ domain, opType }) => !domain && Object.hasOwn(opening, opType)),
  );
  for (let changed = true; changed;) {
    const before = left.size;
    for (const node of left) if (opening[node.opType](opened, node, shapes, told)) left.delete(node);
    changed = left.size < before;
    if (changed) shapes = inferShapes(opened);
  }
  return shapes;
}

/** Opens the batch in the target of a Reshape. */
function openTarget(graph: Graph, node: Node, shapes: Shapes, { fixed, size }: Fixed): boolean {
  if (!graph.isConstant(node.input[1])) return false;
  const [from, to, was] = [shapes.get(node.input[0]), shapes.get(node.output[0]), fixed.get(node.output[0])];
  if (!from?.some(isBatched) || !was?.every((dim) => typeof dim === 'number')) return false;
  const at = from.findIndex(isBatched);
  if (from.filter(isBatched).length > 1) return false;
  // What lies before the batch must lie before it still, or samples would be mixed.
  const before = product(from.slice(0, at));
  const axis = was.findIndex((dim, j) => product(was.slice(0, j)) === before && dim % size === 0);
  if (axis < 0 || isBatched(to?.[axis])) return false;
  const copies = intOf(node, 'allowzero', 0) === 0 && from[axis] === (was[axis] === size ? batch : undefined);
  const target = was.map((dim, j) => (j === axis ? (copies ? 0 : -1) : dim));
  const name = graph.uniqueName(`${node.input[1]}.open`);
  graph.setConstant(name, int64s(target));
  graph.setInput(node, 1, name);
  return true;
}

/** Lets a Slice that takes the whole batch take it whatever its size. */
function openEnds(graph: Graph, node: Node, shapes: Shapes, { size }: Fixed): boolean {
  const axis = shapes.get(node.input[0])?.indexOf(batch) ?? -1;
  const rank = shapes.get(node.input[0])?.length ?? 0;
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((at) => integersOf(graph, node.input[at]));
  if (axis < 0 || !starts || !ends || (node.input[3] && !axes) || (node.input[4] && !steps)) return false;
  const at = (axes ?? starts.map((_, i) => i)).findIndex((one) => fromStart(one, rank) === axis);
  const whole = at >= 0 && starts[at] === 0 && ends[at] === size && (steps?.[at] ?? 1) === 1;
  if (!whole || graph.constantType(node.input[2]) !== 'int64') return false;
  const name = graph.uniqueName(`${node.input[2]}.open`);
  graph.setConstant(name, int64s(ends.map((end, i) => (i === at ? Number.MAX_SAFE_INTEGER : end))));
  graph.setInput(node, 2, name);
  return true;
}

/** Lets an Expand of what has the batch already keep it: 1 means that. */
function openExpand(graph: Graph, node: Node, shapes: Shapes, { size }: Fixed): boolean {
  const from = shapes.get(node.input[0]);
  const target = integersOf(graph, node.input[1]);
  const axis = from?.indexOf(batch) ?? -1;
  const at = axis < 0 || !target ? -1 : axis + target.length - from!.length;
  if (at < 0 || size === 1 || target![at] !== size) return false;
  const name = graph.uniqueName(`${node.input[1]}.open`);
  graph.setConstant(name, int64s(target!.map((dim, i) => (i === at ? 1 : dim))));
  graph.setInput(node, 1, name);
  return true;
}

/**
 * Gives operands that the model computes without its inputs, such as a class token or a recurrence's first state, one
 * copy for each sample, where others have the batch on that axis.
 */
function growOperands(graph: Graph, node: Node, shapes: Shapes, told: Fixed): boolean {
  const { fixed, size } = told;
  if (size === 1 && node.opType !== 'Concat' && !recurrent.has(node.opType)) return false; // it broadcasts
  const axes = node.input.map((value) => shapes.get(value)?.indexOf(batch) ?? -1);
  let grown = false;
  for (const [at, value] of node.input.entries()) {
    const was = fixed.get(value);
    const axis = was && axes[at] < 0 ? batchAxisOf(node, at, was, axes, shapes) : undefined;
    if (axis === undefined || was![axis] !== size || !was!.every((dim) => typeof dim === 'number')) continue;
    const one = size === 1 ? value : firstOf(graph, node, value, axis, told);
    if (one === undefined) continue;
    graph.setInput(node, at, copied(graph, node, { value: one, dims: was, axis }, told));
    grown = true;
  }
  return grown;
}

/** The axis on which an operand must have the batch, as others of the node have it; undefined if it need not. */
function batchAxisOf(
  node: Node,
  at: number,
  own: Shape,
  axes: readonly number[],
  shapes: Shapes,
): number | undefined {
  const other = axes.findIndex((axis) => axis >= 0);
  if (other < 0) return undefined;
  // First states lie with the batch second (layout 0), whatever axis it has in the sequence.
  if (recurrent.has(node.opType))
    return at === 5 || at === 6 ? (intOf(node, 'layout', 0) === 0 ? 1 : 0) : undefined;
  const rank = shapes.get(node.input[other])!.length;
  if (node.opType !== 'Concat') return axes[other] + own.length - rank;
  return fromStart(intOf(node, 'axis', 0), rank) === axes[other] ? undefined : axes[other];
}

/** The first of a value's equal rows; undefined if they differ, or are not known to be equal. */
function firstOf(graph: Graph, node: Node, value: string, axis: number, told: Fixed): string | undefined {
  const tensor = graph.constant(value);
  if (!tensor) {
    if (!repeats(graph.producer(value), axis, told.fixed)) return undefined;
    const first = graph.uniqueName(`${value}.one`);
    const [from, to, along] = [0, 1, axis].map((at, i) => {
      const name = graph.uniqueName(`${value}.${['from', 'to', 'axis'][i]}`);
      graph.setConstant(name, int64s([at]));
      return name;
    });
    const slice = makeNode({ op: 'Slice', inputs: [value, from, to, along], outputs: [first] });
    graph.insert([slice], node);
    told.inserted.add(slice);
    return first;
  }
  const first = sliceAxis(tensor, axis, [0]);
  const isSame = (row: number) =>
    Buffer.compare(toBytes(sliceAxis(tensor, axis, [row])), toBytes(first)) === 0;
  if (!Array.from({ length: tensor.dims[axis] }, (_, row) => row).every(isSame)) return undefined;
  const name = graph.uniqueName(`${value}.one`);
  graph.setConstant(name, first);
  return name;
}

/** Tells if a node fills, or repeats along `axis` what has one row there. */
function repeats(node: Node | undefined, axis: number, fixed: Shapes): boolean {
  if (!node || node.domain) return false;
  if (node.opType === 'ConstantOfShape') return true;
  if (node.opType !== 'Expand' && node.opType !== 'Tile') return false;
  const [from, to] = [fixed.get(node.input[0]), fixed.get(node.output[0])];
  return !!from && !!to && (from[axis - to.length + from.length] ?? 1) === 1;
}

/** Inserts the nodes that copy a value of size 1 along `axis` for each sample of the image input. */
function copied(
  graph: Graph,
  before: Node,
  { value, dims, axis }: { value: string; dims: readonly number[]; axis: number },
  { image, inserted }: Fixed,
): string {
  const constant = (what: string, values: readonly number[]) => {
    const name = graph.uniqueName(`${value}.${what}`);
    graph.setConstant(name, int64s([...values]));
    return name;
  };
  const [shape, count, target, result] = ['shape', 'count', 'target', 'each'].map((what) =>
    graph.uniqueName(`${value}.${what}`),
  );
  const parts = [
    ...(axis > 0 ? [constant('before', dims.slice(0, axis))] : []),
    count,
    ...(axis < dims.length - 1 ? [constant('after', dims.slice(axis + 1))] : []),
  ];
  const nodes = [
    makeNode({ op: 'Shape', inputs: [image], outputs: [shape] }),
    makeNode({ op: 'Slice', inputs: [shape, constant('from', [0]), constant('to', [1])], outputs: [count] }),
    makeNode({ op: 'Concat', inputs: parts, outputs: [target], attributes: { axis: 0 } }),
    makeNode({ op: 'Expand', inputs: [value, target], outputs: [result] }),
  ];
  graph.insert(nodes, before);
  nodes.forEach((node) => inserted.add(node));
  return result;
}

/** Reads a constant list of integers; undefined if it is computed. */
export const integersOf = (graph: Graph, name: string | undefined): number[] | undefined => {
  const tensor = graph.constant(name);
  return tensor && numbersOf(tensor);
};
