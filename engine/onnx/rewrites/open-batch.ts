import { atOne, type Dim } from '../dims';
import { declare } from '../extract';
import type { Graph, Node } from '../graph';
import { imageInput, readByConvolutions } from '../image-input';
import { inferShapes, type Shape, type Shapes } from '../shapes';
import { typeOf } from '../tensor-proto';
import { mixesSamples } from './mixes-samples';
import { batch, type Fixed, isBatched, openConstants } from './open-constants';

const batches: ReadonlySet<Dim> = new Set([batch]);

/**
 * Opens the batch that an export fixed, on a copy: that of the image input, and of the inputs that share a batch above 1.
 * Targets of Reshape in which it stands copy it (0) or divide it out (-1). `saveModel` declares it fixed again.
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
  // A batch of 1 may also be a state's first axis.
  const images = readByConvolutions(graph);
  const { input, output } = graph.model.graph!;
  const widened = graph.inputs.filter(
    ({ name, dims }) => name === image.name || (dims?.[0] === size && (size > 1 || images.has(name))),
  );
  const declared = (name: string, elementType: number, dims: readonly Dim[] | undefined) =>
    declare(name, dims, typeOf(elementType) ?? 'float32');
  const inputs = opened.model.graph!.input.map((one) => {
    const found = widened.find(({ name }) => name === one.name);
    return found ? declared(found.name, found.elementType, [batch, ...found.dims!.slice(1)]) : one;
  });
  opened.setInterface(inputs, opened.model.graph!.output);
  const told = { fixed, size, image: image.name, inserted: new Set<Node>() };
  const shapes = openConstants(opened, told);
  if (!allGrow(opened, shapes, told)) return undefined;
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
  opened.removeDead(); // constants that gave way to others
  // An interface kept before is the file's own.
  opened.context = { ...opened.context, fixedInterface: graph.context.fixedInterface ?? { input, output } };
  return opened;
}

/**
 * Opens, on a copy, the batch of a model that declares it open, though its export fixed it at 1 inside, such as by a
 * Reshape to [1, 1536].
 * @returns undefined if its outputs follow the batch anyway, or if it can't be opened
 */
export function openBakedBatch(graph: Graph): Graph | undefined {
  const image = graph.inputs.length ? imageInput(graph) : undefined;
  const symbol = image?.dims?.[0];
  if (typeof symbol !== 'string') return undefined;
  const shapes = inferShapes(graph);
  const follows = ({ name }: { readonly name: string }) => shapes.get(name)?.includes(symbol) ?? true;
  if (graph.outputs.every(follows)) return undefined;
  const fixed = graph.clone();
  const { input, output } = graph.model.graph!;
  fixed.setInterface(
    graph.inputs.map(({ name, elementType, dims }) =>
      declare(
        name,
        dims?.map((dim) => (dim === symbol ? 1 : dim)),
        typeOf(elementType) ?? 'float32',
      ),
    ),
    fixed.model.graph!.output,
  );
  fixed.context = { ...fixed.context, fixedInterface: { input, output } };
  return openBatch(fixed);
}

/** Tells if all that is computed from a batch grows with it, sample by sample, and is at the fixed size what it was. */
function allGrow(graph: Graph, shapes: Shapes, { fixed, size, inserted }: Fixed): boolean {
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
    graph.nodes.every((node) => inserted.has(node) || !reads(node) || opens(node)) &&
    graph.outputs.every(({ name }) => grows(name))
  );
}

const isAt = (now: Shape, was: Shape, size: number): boolean =>
  now.every((dim, axis) => (isBatched(dim) ? size * (atOne(dim, batches) ?? 0) : dim) === was[axis]);
