import { nameOf } from '../onnx/layers';
import type { Graph, Node } from '../onnx/graph';
import type { Shapes } from '../onnx/shapes';
import { TooManyChannels } from './atoms';
import { rules, sources } from './rules';
import { described, type Outcome, Scope } from './rules/scope';
import { settleShapeReaders } from './shape-readers';

/** Follows the channels of a graph from its inputs to its outputs; see docs/pruning.md. */
export function followChannels(graph: Graph, shapes?: Shapes): Scope {
  const scope = new Scope(graph, shapes);
  for (const { name } of graph.inputs) scope.reasons.set(name, `${name} is the model's input`);
  for (const node of graph.nodes) {
    for (const value of graph.capturesOf(node))
      freeze(scope, value, `${value} is read inside a subgraph of ${described(node)}`);
    if (node.opType === 'Shape' && !node.domain) continue; // counts of channels are followed separately
    record(node, outcomeOf(node, scope), scope);
  }
  for (const { name } of graph.outputs) freeze(scope, name, `its channels reach the model's output ${name}`);
  settleShapeReaders(scope);
  return scope;
}

function outcomeOf(node: Node, scope: Scope): Outcome {
  const labelled = node.input.some((value) => scope.labels.has(value));
  const rule = node.domain ? undefined : rules[node.opType];
  if (!rule) return `operator ${node.opType} (node ${nameOf(node)}) is unknown`;
  if (!labelled && !sources.has(node.opType)) return node.output.map(() => undefined);
  const outcome = bounded(() => rule(node, scope));
  if (typeof outcome !== 'string') return outcome;
  // The reason why an operand's channels stay is passed on as it is.
  return node.input.some((value) => scope.why(value) === outcome)
    ? outcome
    : `${described(node)}: ${outcome}`;
}

/** Runs a rule; if it would make too many channels, that is its outcome. */
function bounded(rule: () => Outcome): Outcome {
  try {
    return rule();
  } catch (error) {
    if (error instanceof TooManyChannels) return error.message;
    throw error;
  }
}

function record(node: Node, outcome: Outcome, scope: Scope): void {
  const refused = typeof outcome === 'string';
  if (refused) node.input.forEach((value) => freeze(scope, value, outcome));
  const inherited = node.input.map((value) => scope.reasons.get(value)).find((why) => why);
  node.output.forEach((value, at) => {
    const labels = refused ? undefined : outcome[at];
    const size = labels && scope.shape(value)?.[labels.axis];
    if (labels && (size === undefined || size === labels.ids.length)) {
      scope.labels.set(value, labels);
      return;
    }
    const why = `the shape of ${value} does not fit the channels followed to it`;
    if (labels) scope.atoms.freeze(labels.ids, why);
    const reason = refused ? outcome : labels ? why : inherited;
    if (reason) scope.reasons.set(value, reason);
  });
}

function freeze(scope: Scope, value: string, why: string): void {
  const labels = scope.labels.get(value);
  if (labels) scope.atoms.freeze(labels.ids, why);
}
