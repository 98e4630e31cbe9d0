import { int64s } from '../../tensor/tensor';
import { atOne, type Dim, product } from '../dims';
import { declare } from '../extract';
import type { Graph, Node } from '../graph';
import { imageInput } from '../image-input';
import { intOf } from '../node-attributes';
import { inferShapes, type Shape, type Shapes } from '../shapes';
import { typeOf } from '../tensor-proto';
import { mixesSamples } from './mixes-samples';

/** The name that a batch has once it is open. */
const batch = 'opened_batch';
const batches: ReadonlySet<Dim> = new Set([batch]);
const isBatched = (dim: Dim): boolean => typeof dim === 'string' && dim.split('*').includes(batch);

/**
 * Opens the batch that an export fixed, on a copy: that of the image input, and of the inputs that share a batch above
 * 1. Targets of Reshape in which it stands copy it (0) or divide it out (-1). `saveModel` declares it fixed again.
 * @param least the smallest batch to open
 * @returns undefined if it is open already, or if it can't be proved that every value that depends on it grows with it
 */
export function openBatch(graph: Graph, least = 1): Graph | undefined {
  if (!graph.inputs.length) return undefined;
  const image = imageInput(graph);
  const size = image.dims?.[0];
  if (typeof size !== 'number' || size < least) return undefined;
  const fixed = inferShapes(graph);
  const opened = graph.clone();
  const { input, output } = graph.model.graph!;
  const widened = graph.inputs.filter(
    ({ name, dims }) => name === image.name || (size > 1 && dims?.[0] === size),
  );
  const declared = (name: string, elementType: number, dims: readonly Dim[] | undefined) =>
    declare(name, dims, typeOf(elementType) ?? 'float32');
  const inputs = opened.model.graph!.input.map((one) => {
    const found = widened.find(({ name }) => name === one.name);
    return found ? declared(found.name, found.elementType, [batch, ...found.dims!.slice(1)]) : one;
  });
  opened.setInterface(inputs, opened.model.graph!.output);
  let shapes = inferShapes(opened);
  // A target is opened once: shape inference need not see that its result grows, and `allGrow` refuses it then.
  const targets = new Set(opened.nodes.filter(({ domain, opType }) => !domain && opType === 'Reshape'));
  for (let changed = true; changed;) {
    const before = targets.size;
    for (const node of targets) if (openTarget(opened, node, shapes, fixed, size)) targets.delete(node);
    changed = targets.size < before;
    if (changed) shapes = inferShapes(opened);
  }
  if (!allGrow(opened, shapes, fixed, size)) return undefined;
  opened.setInterface(
    inputs,
    graph.outputs.map(({ name, elementType }) =>
      elementType
        ? declared(
            name,
            elementType,
            shapes.get(name)!.map((dim) => (dim === batch || !isBatched(dim) ? dim : undefined)),
          )
        : opened.declaration(name)!,
    ),
  );
  opened.context = { ...opened.context, fixedInterface: { input, output } };
  return opened;
}

/** Opens the batch in the target of `node`, a Reshape, if it is a number there. @returns whether it did */
function openTarget(graph: Graph, node: Node, shapes: Shapes, fixed: Shapes, size: number): boolean {
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

/**
 * Tells if everything computed from a batch grows with it, sample by sample, and is the same as before at the fixed
 * size.
 */
function allGrow(graph: Graph, shapes: Shapes, fixed: Shapes, size: number): boolean {
  const grows = (value: string): boolean => {
    const [now, was] = [shapes.get(value), fixed.get(value)];
    return (
      !!now &&
      !!was &&
      now.filter(isBatched).length === 1 &&
      now.length === was.length &&
      isAt(now, was, size)
    );
  };
  const reads = ({ input }: Node) => input.some((value) => shapes.get(value)?.some(isBatched));
  const mixes = (node: Node): boolean => {
    const shape = shapes.get(node.input[0]) ?? [];
    return shape.some((dim, axis) => isBatched(dim) && mixesSamples(node, axis, shape.length, graph));
  };
  const opens = (node: Node): boolean => !mixes(node) && node.output.every((value) => !value || grows(value));
  return (
    graph.nodes.every((node) => !reads(node) || opens(node)) && graph.outputs.every(({ name }) => grows(name))
  );
}

const isAt = (now: Shape, was: Shape, size: number): boolean =>
  now.every((dim, axis) => (isBatched(dim) ? size * (atOne(dim, batches) ?? 0) : dim) === was[axis]);
