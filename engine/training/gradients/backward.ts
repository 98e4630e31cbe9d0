import { EngineError } from '../../errors';
import { elementTypes } from '../../onnx/element-types';
import type { Graph, Node } from '../../onnx/graph';
import { TensorProto_DataType as DataType } from '../../onnx/proto/onnx_pb';
import { numbersOf } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { type GradientContext, refuse } from './rule';
import { gradients, ofManyOutputs } from './table';
import type { Shape } from '../emit/batch-shapes';

/** Facts about the forward graph that the backward pass needs. */
export interface Forward {
  readonly graph: Graph;
  /** The graph's nodes that the loss depends on, in execution order. */
  readonly nodes: readonly Node[];
  readonly shapeOf: (value: string) => Shape;
  /** Values saved by training forms, by node. */
  readonly saved?: ReadonlyMap<Node, Readonly<Record<string, string>>>;
}

/** Called with a node through which no gradient passes, and why. */
export type OnObstacle = (node: Node, reason: EngineError) => void;

const floatTypes: ReadonlySet<number | undefined> = new Set<number | undefined>([
  undefined,
  DataType.FLOAT,
  DataType.FLOAT16,
  DataType.BFLOAT16,
  DataType.DOUBLE,
]);

/** Tells if a value can have a gradient: a float, or of unknown type. */
export function differentiable(graph: Graph): (value: string) => boolean {
  const types = elementTypes(graph);
  return (value) => floatTypes.has(types.get(value));
}

/** Collects the differentiable values that depend on `sources` through such values alone. */
function activeValues({ graph, nodes }: Forward, sources: Iterable<string>): Set<string> {
  const counts = differentiable(graph);
  const active = new Set(sources);
  for (const node of nodes) {
    if ([...graph.readsOf(node)].some((value) => active.has(value))) {
      node.output.filter((value) => value && counts(value)).forEach((value) => active.add(value));
    }
  }
  return active;
}

/**
 * Emits the gradients of `wanted` given those of some results, visiting the nodes from last to first. Nothing flows
 * through values that are not floats.
 * @param seeds gradients to begin with, by value
 * @param onObstacle if given, it is called with each node that cannot be differentiated, and nothing is passed on
 * through it, so that only gradients of what is not before such a node are right; see `trainableThrough`
 * @returns gradients by value; those of `wanted` that a seed depends on, and of every value on the way
 * @throws EngineError `UnsupportedModel` if an operator on the way has no row in the table and there is no `onObstacle`
 */
export function backward(
  builder: Builder,
  forward: Forward,
  seeds: ReadonlyMap<string, string>,
  wanted: Iterable<string>,
  onObstacle?: OnObstacle,
): Map<string, string> {
  const { graph, nodes, shapeOf, saved } = forward;
  const types = elementTypes(graph);
  const active = activeValues(forward, wanted);
  const parts = new Map([...seeds].map(([value, gradient]) => [value, [gradient]]));
  const totals = new Map<string, string>();
  const total = (value: string): string | undefined => {
    const list = parts.get(value);
    if (list && !totals.has(value)) {
      const gradient = list.length > 1 ? builder.op('Sum', list) : list[0];
      builder.shapes.set(gradient, shapeOf(value));
      totals.set(value, gradient);
    }
    return totals.get(value);
  };
  const constantOf = (value: string | undefined) => {
    const tensor = value ? graph.constant(value) : undefined;
    return tensor && numbersOf(tensor);
  };

  for (const node of [...nodes].reverse()) {
    const dys = node.output.map((value) => (active.has(value) ? total(value) : undefined));
    if (!dys.some(Boolean)) continue;
    const context: GradientContext = {
      builder,
      node,
      inputs: node.input,
      output: node.output[0],
      dy: dys[0] ?? '',
      dys,
      wants: (at) => active.has(node.input[at]),
      shapeOf,
      constantOf,
      typeOf: (value) => types.get(value),
      saved: saved?.get(node) ?? {},
    };
    const found = differentiate(context, onObstacle);
    found.forEach((gradient, at) => {
      const value = node.input[at];
      if (gradient && active.has(value)) {
        builder.shapes.set(gradient, shapeOf(value));
        parts.set(value, [...(parts.get(value) ?? []), gradient]);
      }
    });
  }
  return new Map([...parts.keys()].map((value) => [value, total(value)!]));
}

function differentiate(context: GradientContext, onObstacle?: OnObstacle): (string | undefined)[] {
  const { node, dys } = context;
  const rule = node.domain ? undefined : gradients[node.opType];
  try {
    if (!rule) {
      const operator = `${node.domain ? `${node.domain}.` : ''}${node.opType}`;
      return refuse(context, `there is no gradient for operator ${operator}`);
    }
    if (dys.slice(1).some(Boolean) && !ofManyOutputs.has(node.opType)) {
      return refuse(context, 'its outputs after the first have no gradient');
    }
    return rule(context);
  } catch (error) {
    if (!onObstacle || !(error instanceof EngineError)) throw error;
    onObstacle(node, error);
    return [];
  }
}
