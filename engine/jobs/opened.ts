import { statSync } from 'node:fs';

import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/prepare';
import { foldComputedWeights } from '../runtime/fold-computed-weights';
import { measureUnknownShapes } from '../runtime/measured-shapes';
import type { Method } from './method';

/**
 * A model as `openModel` gives it, with what only a run can tell: weights that it computes from constants, and shapes
 * behind operators that ONNX Runtime alone knows.
 * @throws EngineError as `openModel` does
 */
export async function openMeasured(
  path: string,
  { inputSize }: Partial<Pick<Method, 'inputSize'>>,
): Promise<Graph> {
  const graph = openModel(path, { inputSize });
  await foldComputedWeights(graph);
  await measureUnknownShapes(graph);
  return graph;
}

/** The model that this thread opened last: scoring asks for the same one, a layer at a time. */
let last: { readonly key: string; readonly graph: Promise<Graph> } | undefined;

/**
 * A model as `openMeasured` gives it, the one of the last call where it is the same file. Shared: clone it before a change.
 * @throws EngineError as `openModel` does
 */
export function openedModel(path: string, { inputSize }: Pick<Method, 'inputSize'>): Promise<Graph> {
  const { mtimeMs, size } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: -1 };
  const key = JSON.stringify([path, mtimeMs, size, inputSize]);
  if (last?.key !== key) last = { key, graph: openMeasured(path, { inputSize }) };
  return last.graph;
}

/** A function of a model and a method that is worked out once for both. */
export function perModel<T>(work: (graph: Graph, method: Method) => T): (graph: Graph, method: Method) => T {
  const known = new WeakMap<Graph, Map<string, T>>();
  return (graph, method) => {
    const found = known.get(graph) ?? new Map<string, T>();
    known.set(graph, found);
    const key = JSON.stringify(method);
    if (!found.has(key)) found.set(key, work(graph, method));
    return found.get(key)!;
  };
}
