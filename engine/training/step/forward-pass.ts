import type { Graph, Node } from '../../onnx/graph';
import type { Builder } from '../emit/builder';
import { trainingFormOf } from '../gradients/norm';
import { inputOf } from '../parameters/vectors';
import { type Layout, piecesOf, type Trainable } from '../parameters/parameters';
import type { BatchNormMode } from '../settings';
import type { Shape } from '../emit/batch-shapes';

/** A model's own nodes as a training step computes them. */
export interface ForwardPass {
  /** Values saved by training forms for their gradients. */
  readonly saved: ReadonlyMap<Node, Readonly<Record<string, string>>>;
  /** The running statistics after the step, by the initializer that holds them. */
  readonly current: ReadonlyMap<string, string>;
}

/**
 * Emits a model's nodes: parameters and running statistics are cut from their vectors, other constants stay, and
 * BatchNormalization takes its training form, unless it uses its running statistics.
 */
export function emitForward(
  builder: Builder,
  graph: Graph,
  used: readonly Node[],
  {
    parameters,
    statistics,
    batchNorm,
    shapeOf,
  }: Trainable & { readonly batchNorm: BatchNormMode; readonly shapeOf: (value: string) => Shape },
): ForwardPass {
  cut(builder, inputOf('parameters'), parameters);
  const current = new Map(cut(builder, inputOf('statistics'), statistics, 'training/before '));
  const trained = new Set([...parameters.entries, ...statistics.entries].map(({ name }) => name));
  for (const name of new Set(used.flatMap((node) => [...graph.readsOf(node)]))) {
    const value = trained.has(name) ? undefined : graph.constant(name);
    if (value) builder.constant(value, name);
  }
  const saved = new Map<Node, Record<string, string>>();
  for (const node of used) {
    const form = trainingFormOf(node, batchNorm);
    if (!form) {
      builder.nodes.push(node);
      continue;
    }
    const statistic = (value: string) => current.get(value)!;
    const update = (value: string, updated: string) => current.set(value, updated);
    saved.set(node, form({ builder, node, shapeOf, statistic, update }));
  }
  return { saved, current };
}

/** Cuts a flat vector into tensors named by the layout, with a `prefix`: returns their names without and with it. */
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
