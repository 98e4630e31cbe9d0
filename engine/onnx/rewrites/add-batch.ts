import { int64s, numbersOf } from '../../tensor/tensor';
import { declare } from '../extract';
import { type Graph, makeNode, type Node } from '../graph';
import { imageInput } from '../image-input';
import { intsOf } from '../node-attributes';
import { inferShapes } from '../shapes';
import { typeOf } from '../tensor-proto';
import { groupsOf } from '../window';

/**
 * Gives a model that takes one image without a batch, [C, H, W], a batch of 1, [1, C, H, W], on a copy; the model's own
 * Unsqueeze of it goes. `saveModel` writes the model as it was.
 * @returns undefined if the image input has a batch, as far as the convolutions after it show
 */
export function addBatch(graph: Graph): Graph | undefined {
  if (!graph.inputs.length) return undefined;
  const { name, dims, elementType } = imageInput(graph);
  if (!dims?.length || !lacksBatch(graph, name, dims.length) || !graph.isReplaceable(name)) return undefined;
  const opened = graph.clone();
  const { input, output } = graph.model.graph!;
  const sample = opened.uniqueName(`${name}.sample`);
  const axes = opened.uniqueName(`${name}.batch`);
  opened.redirect(name, sample);
  opened.setConstant(axes, int64s([0]));
  const squeeze = makeNode({
    op: 'Squeeze',
    inputs: [name, ...(opened.opset < 13 ? [] : [axes])],
    outputs: [sample],
    attributes: { axes: opened.opset < 13 ? [0] : undefined },
  });
  opened.insert([squeeze], opened.nodes[0]);
  for (const node of [...opened.uses(sample)])
    if (addsBatch(opened, node) && opened.isReplaceable(node.output[0])) opened.bypass(node, name);
  opened.setInterface(
    opened.model.graph!.input.map((one) =>
      one.name === name ? declare(name, [1, ...dims], typeOf(elementType) ?? 'float32') : one,
    ),
    opened.model.graph!.output,
  );
  opened.removeDead();
  opened.context = { ...opened.context, fixedInterface: { input, output }, unbatched: name };
  return opened;
}

/** Takes the batch that `addBatch` added off again, for a graph that gets its own interface back. */
export function removeBatch(graph: Graph, name: string): void {
  const batched = graph.uniqueName(`${name}.batched`);
  graph.redirect(name, batched);
  const axes = graph.uniqueName(`${name}.batch`);
  const inInput = graph.opset >= 13;
  if (inInput) graph.setConstant(axes, int64s([0]));
  const unsqueeze = makeNode({
    op: 'Unsqueeze',
    inputs: [name, ...(inInput ? [axes] : [])],
    outputs: [batched],
    attributes: { axes: inInput ? undefined : [0] },
  });
  graph.insert([unsqueeze], graph.nodes[0]);
}

/** Tells if the first convolution after an input of `rank` axes sees a batch of 1 before all of them, and its channels. */
function lacksBatch(graph: Graph, input: string, rank: number): boolean {
  const after = new Set([input]);
  const shapes = inferShapes(graph);
  for (const node of graph.nodes) {
    if (!node.input.some((value) => after.has(value))) continue;
    if (node.opType === 'Conv' && after.has(node.input[0])) {
      const weight = graph.constantDims(node.input[1]);
      const seen = shapes.get(node.input[0]);
      if (weight?.length !== rank + 1 || seen?.length !== rank + 1) return false;
      return seen[0] === 1 && seen[1] === weight[1] * groupsOf(node);
    }
    node.output.forEach((value) => after.add(value));
  }
  return false;
}

/** Tells if a node adds a batch of 1 before all axes. */
function addsBatch(graph: Graph, node: Node): boolean {
  if (node.domain || node.opType !== 'Unsqueeze') return false;
  const tensor = graph.constant(node.input[1]);
  const axes = tensor ? numbersOf(tensor) : intsOf(node, 'axes');
  return axes?.length === 1 && axes[0] === 0;
}
