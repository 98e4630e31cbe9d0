import { statSync } from 'node:fs';

import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/open-model';
import { foldComputedWeights } from '../runtime/fold-computed-weights';
import { measureUnknownShapes } from '../runtime/measured-shapes';
import type { Method } from '../names';

/**
 * Opens a model as `openModel` does, and adds what only a run can tell: weights that it computes from constants, and
 * shapes after operators that only ONNX Runtime knows.
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

/** The model that this thread opened last: scoring opens the same one for one layer after the other. */
let last: { key: string; files: readonly string[]; state: string; graph: Promise<Graph> } | undefined;

/**
 * Opens a model as `openMeasured` does, or returns that of the last call if it has the same files, including its
 * weights'. It is shared: clone it before changing it.
 * @throws EngineError as `openModel` does
 */
export async function openedModel(path: string, { inputSize }: Pick<Method, 'inputSize'>): Promise<Graph> {
  const key = JSON.stringify([path, inputSize]);
  if (last?.key !== key || stateOf(last.files) !== last.state) {
    last = undefined; // two large models do not fit into memory together
    const own = stateOf([path]); // before it is read: a file that changes meanwhile is opened again
    const graph = openModel(path, { inputSize });
    const data = graph.context.dataFiles ?? [];
    last = { key, files: [path, ...data], state: own + stateOf(data), graph: measured(graph) };
  }
  return last.graph;
}

/** Describes files in a way that changes when they are written. */
const stateOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      const { mtimeMs, size, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
      return JSON.stringify([mtimeMs, size, ino]);
    })
    .join('');
