import type { Graph, Node } from '../onnx/graph';
import type { Builder } from './builder';
import { frozenNorm } from './frozen-norm';
import { trainingForms } from './gradients/norm';
import { inputOf } from './vectors';
import { type Layout, piecesOf, type Trainable } from './parameters';
import type { Shape } from './shapes';

/** A model's own nodes as a training step computes them. */
export interface ForwardPass {
  /** In execution order, as the gradient table reads them. */
  readonly nodes: readonly Node[];
  /** What training forms left for their gradients. */
  readonly saved: ReadonlyMap<Node, Readonly<Record<string, string>>>;
  /** The running statistics after the step, by the initializer that holds them. */
  readonly current: ReadonlyMap<string, string>;
}

/**
 * Emits a model's nodes: parameters and running statistics are cut from their vectors, other constants stay, and
 * BatchNormalization takes its training form, or where it is `frozen` that of its running statistics.
 */
export function emitForward(
  builder: Builder,
  graph: Graph,
  used: readonly Node[],
  {
    parameters,
    statistics,
    frozen,
    shapeOf,
  }: Trainable & { readonly frozen: boolean; readonly shapeOf: (value: string) => Shape },
): ForwardPass {
  cut(builder, inputOf('parameters'), parameters);
  const current = new Map(cut(builder, inputOf('statistics'), statistics, 'training/before '));
  const trained = new Set([...parameters.entries, ...statistics.entries].map(({ name }) => name));
  for (const name of new Set(used.flatMap((node) => node.input))) {
    const value = trained.has(name) ? undefined : graph.constant(name);
    if (value) builder.constant(value, name);
  }
  const saved = new Map<Node, Record<string, string>>();
  const nodes = used.flatMap((node) => {
    const form = node.domain ? undefined : trainingForms[node.opType];
    if (form && frozen) {
      const first = builder.nodes.length;
      frozenNorm(builder, graph, node, shapeOf);
      return builder.nodes.slice(first);
    }
    if (form) {
      const statistic = (value: string) => current.get(value)!;
      const update = (value: string, updated: string) => current.set(value, updated);
      saved.set(node, form({ builder, node, shapeOf, statistic, update }));
    } else builder.nodes.push(node);
    return [node];
  });
  return { nodes, saved, current };
}

/** Cuts a flat vector into tensors named as the layout says, with `prefix` before: their names without and with it. */
function cut(builder: Builder, vector: string, layout: Layout, prefix = ''): [string, string][] {
  const pieces = piecesOf(layout);
  if (!pieces.length) return [];
  const sizes = pieces.map(({ size }) => size);
  const parts = builder.split(vector, sizes, 0);
  return pieces.flatMap(({ entry }, at): [string, string][] => {
    if (!entry) return [];
    const value = `${prefix}${entry.name}`;
    builder.op('Reshape', [parts[at], builder.ints(entry.dims)], {}, value);
    return [[entry.name, value]];
  });
}
