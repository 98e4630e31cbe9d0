import { statSync } from 'node:fs';

import { Dataset } from '../data/dataset';
import type { DatasetSource } from '../data/source';
import { checkChannels } from '../onnx/check-channels';
import type { Graph } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import { assumeSizes } from '../onnx/input-size';
import { openModel } from '../onnx/open-model';
import { inferShapes } from '../onnx/shapes';
import { foldComputedShapes } from '../runtime/fold-computed-shapes';
import { foldComputedWeights } from '../runtime/fold-computed-weights';
import { measureUnknownShapes } from '../runtime/measured-shapes';
import type { Method } from '../names';

/**
 * Opens a model as `openModel` does, and adds what only a run can tell: weights that it computes from constants, and
 * shapes after operators that only ONNX Runtime knows.
 * @param data whose images size an input that the model leaves open, if `inputSize` does not
 * @throws EngineError as `openModel` does
 */
export async function openMeasured(
  path: string,
  { inputSize }: Partial<Pick<Method, 'inputSize'>>,
  data?: DatasetSource,
): Promise<Graph> {
  const graph = openModel(path, { inputSize });
  const size = inputSize === undefined && data ? sizeOfImages(graph, data) : undefined;
  if (size) assumeSizes(graph, size, path);
  return measured(graph);
}

/** The size of the image input as a data set's images have it, if the model leaves it open and takes such images. */
function sizeOfImages(graph: Graph, source: DatasetSource): Record<string, readonly number[]> | undefined {
  const data = Dataset.open(source);
  data.close();
  const { name, dims } = imageInput(graph, data.inputs);
  const [batch, ...inner] = dims ?? [];
  const fits =
    inner.length === data.shape.length &&
    inner.every((dim, at) => typeof dim !== 'number' || dim === data.shape[at]);
  if (!fits || inner.every((dim) => typeof dim === 'number')) return undefined;
  return { [name]: [typeof batch === 'number' ? batch : 1, ...data.shape] };
}

async function measured(graph: Graph): Promise<Graph> {
  const isQuick = (await foldComputedWeights(graph)) && (await foldComputedShapes(graph));
  const shapes = inferShapes(graph);
  checkChannels(graph, shapes);
  await measureUnknownShapes(graph, shapes, isQuick);
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
