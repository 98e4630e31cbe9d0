import { int64s } from '../../tensor/tensor';
import { intOf } from '../node-attributes';
import type { Graph, Node } from '../graph';
import type { Dim } from '../dims';
import { infer } from '../shapes';
import { table } from '../../table';

/** Inputs that hold shapes, axes, counts or positions: int64 vectors, by operator. */
export const shapeInputs = table<readonly number[]>({
  Reshape: [1],
  Expand: [1],
  Tile: [1],
  Slice: [1, 2, 3, 4],
  Pad: [1, 3],
  Resize: [3],
  Split: [1],
  ConstantOfShape: [0],
  Squeeze: [1],
  Unsqueeze: [1],
  TopK: [1],
});

/**
 * Replaces the results of shape arithmetic by constants: a Reshape's target, a Slice's end or a Resize's sizes, if they
 * follow from the model whatever the batch, so that pruning can change them. A Reshape's target may contain the batch
 * itself, which it copies from its input (0) or infers (-1). Sizes that were only assumed for costs are not folded.
 */
export function foldShapes(graph: Graph): void {
  const { shapes, values } = infer(graph, { assume: false });
  const changes: [node: Node, at: number, name: string][] = [];
  for (const node of [...graph.nodes]) {
    for (const at of node.domain ? [] : (shapeInputs[node.opType] ?? [])) {
      const value = node.input[at];
      if (!value || graph.isConstant(value) || !values.isInteger(value) || !isInt64(graph, node)) continue;
      const known = values.get(value);
      const target =
        known && node.opType === 'Reshape' ? reshapeTarget(node, known, shapes.get(node.input[0])) : known;
      if (!target?.every((dim) => typeof dim === 'number') || shapes.get(value)?.length !== 1) continue;
      const name = graph.uniqueName(`${value}.known`);
      graph.setConstant(name, int64s(target));
      changes.push([node, at, name]);
    }
  }
  for (const [node, at, name] of changes) graph.setInput(node, at, name);
  graph.removeDead();
}

/** A Slice may take int32 instead, but then for all of its inputs. */
const isInt64 = (graph: Graph, node: Node): boolean =>
  node.input.slice(1).every((value) => graph.constantType(value) !== 'int32');

/** Writes a target's single symbol as 0 or -1 if that means the same for every size; else returns the target as it was. */
export function reshapeTarget(
  node: Node,
  target: readonly Dim[],
  input: readonly Dim[] | undefined,
): readonly Dim[] {
  const open = target.flatMap((dim, axis) => (typeof dim === 'number' ? [] : [axis]));
  if (open.length !== 1) return target;
  const [axis] = open;
  const put = (size: number) => target.map((dim, at) => (at === axis ? size : dim));
  const zeroCopies = intOf(node, 'allowzero', 0) === 0;
  if (zeroCopies && target[axis] !== undefined && input?.[axis] === target[axis]) return put(0);
  // Another -1 or 0 beside it would make the inference ambiguous.
  return target.some((dim) => typeof dim === 'number' && dim <= 0) ? target : put(-1);
}
