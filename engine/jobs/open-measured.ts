import { statSync } from 'node:fs';

import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/open-model';
import { foldComputedWeights } from '../runtime/fold-computed-weights';
import { measureUnknownShapes } from '../runtime/measured-shapes';
import type { Method } from '../names';

/**
 * A model as `openModel` gives it, with what only a run can tell: weights that it computes from constants, and shapes
 * behind operators that ONNX Runtime alone knows.
 * @throws EngineError as `openModel` does
 */
export async function openMeasured(
  path: string,
  { inputSize }: Partial<Pick<Method, 'inputSize'>>,
): Promise<Graph> {
  return measured(openModel(path, { inputSize }));
}

async function measured(graph: Graph): Promise<Graph> {
  await foldComputedWeights(graph);
  await measureUnknownShapes(graph);
  return graph;
}

/** The model that this thread opened last: scoring asks for the same one, a layer at a time. */
let last: { key: string; files: readonly string[]; state: string; graph: Promise<Graph> } | undefined;

/**
 * A model as `openMeasured` gives it, the one of the last call where it is of the same files, those of its weights
 * included. Shared: clone it before a change.
 * @throws EngineError as `openModel` does
 */
export async function openedModel(path: string, { inputSize }: Pick<Method, 'inputSize'>): Promise<Graph> {
  const key = JSON.stringify([path, inputSize]);
  if (last?.key !== key || stateOf(last.files) !== last.state) {
    last = undefined; // two large models do not fit beside each other
    const own = stateOf([path]); // before it is read: what changes meanwhile is opened again
    const graph = openModel(path, { inputSize });
    const data = graph.context.dataFiles ?? [];
    last = { key, files: [path, ...data], state: own + stateOf(data), graph: measured(graph) };
  }
  return last.graph;
}

/** What changes when files are written. */
const stateOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      const { mtimeMs, size, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
      return JSON.stringify([mtimeMs, size, ino]);
    })
    .join('');
