import { EngineError } from '../../errors';
import type { Graph, Node } from '../../onnx/graph';
import { backward, differentiable, type Forward } from '../gradients/backward';
import { Builder } from '../emit/builder';

/** Wanted parameters that can be trained, and a sentence for each reason why others cannot. */
export interface Reach {
  readonly trained: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Finds the parameters whose gradients are right. A node without a gradient cuts off everything before it: the effect
 * of a parameter there on the loss through the node is unknown, even if other paths lead past it. The gradients of all
 * other parameters do not involve the node, so these train exactly while those before it keep their values.
 * @param outputs the values that the loss is computed from
 * @param wanted names of parameters
 * @throws EngineError `UnsupportedModel`, naming the node, if no parameter is left
 */
export function trainableThrough(
  forward: Forward,
  outputs: readonly string[],
  wanted: readonly string[],
): Reach {
  const { graph, nodes } = forward;
  const obstacles: [node: Node, reason: EngineError][] = [];
  const scratch = new Builder(graph.opset, 'scratch');
  const found = backward(
    scratch,
    forward,
    new Map(outputs.map((value) => [value, value])),
    wanted,
    (node, reason) => obstacles.push([node, reason]),
  );
  const notes: string[] = [];
  let trained = [...wanted];
  const keep = (dropped: (name: string) => boolean, why: string) => {
    const names = trained.filter(dropped);
    if (names.length) notes.push(`${why}: ${told(names)}`);
    trained = trained.filter((name) => !dropped(name));
  };
  for (const [node, { message }] of obstacles) {
    const before = valuesBefore(graph, nodes, node);
    keep((name) => before.has(name), `${message}; the parameters before it keep their values`);
  }
  keep((name) => !found.has(name), 'parameters that no gradient reaches keep their values');
  if (!trained.length) {
    throw new EngineError(
      'UnsupportedModel',
      `the model has no parameters that can be trained: ${notes.join('; ')}`,
    );
  }
  return { trained, notes };
}

/** Collects the differentiable values that `end` depends on through such values. */
function valuesBefore(graph: Graph, nodes: readonly Node[], end: Node): Set<string> {
  const counts = differentiable(graph);
  const before = new Set<string>();
  const add = (node: Node) => [...graph.readsOf(node)].filter(counts).forEach((value) => before.add(value));
  add(end);
  for (const node of nodes.slice(0, nodes.indexOf(end)).reverse()) {
    if (node.output.some((value) => before.has(value))) add(node);
  }
  return before;
}

const mostNamed = 5;

/** Lists a few names, and how many more there are. */
const told = (names: readonly string[]): string => {
  const more = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
