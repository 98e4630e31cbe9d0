import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../../../engine/errors';
import type { Graph } from '../../../engine/onnx/graph';
import { layersOf, paramsOf, uncountedLayers } from '../../../engine/onnx/layers';
import { saveModel, savedFiles } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import { inferShapes, unknownOperators } from '../../../engine/onnx/shapes';
import { difference, inOnnxRuntime } from '../in-onnx-runtime';
import { mutateModel } from '../mutators/model';
import { rawWords, shapeOf } from '../judge';
import { modelSeeds } from '../seeds';
import { type Room, type Target, Violation } from '../target';
import { isEngineError } from './refusals';

/** Describes what compression reads of a model, which saving and opening again must not change. */
function described(graph: Graph): string {
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  uncountedLayers(graph, shapes);
  unknownOperators(graph, shapes);
  for (const name of graph.initializers) graph.constant(name);
  return JSON.stringify({
    inputs: graph.inputs.map(({ name, dims }) => [name, dims]),
    outputs: graph.outputs.map(({ name }) => name),
    macs,
    params: paramsOf(graph),
    layers: layers.length,
  });
}

async function run(room: Room): Promise<string> {
  const { file, folder, thorough } = room;
  let graph: Graph;
  try {
    graph = openModel(file);
  } catch (error) {
    const outputs = thorough && error instanceof EngineError && (await inOnnxRuntime(readFileSync(file)));
    if (outputs && outputs !== 'beyond limits' && error instanceof EngineError)
      room.count(`refused although ONNX Runtime runs it: ${shapeOf(error.message.replaceAll(file, 'it'))}`);
    throw error;
  }
  for (const note of graph.context.notes) {
    const words = rawWords(note, 'a note');
    if (words) throw new Violation(words.kind, note);
  }
  const before = described(graph);
  const saved = join(folder, 'saved.onnx');
  try {
    saveModel(graph, saved, { durable: false });
    const after = described(reopened(saved));
    if (after !== before)
      throw new Violation('saved model differs', `before saving ${before}\nafter opening again ${after}`);
    if (thorough && !graph.context.external) await checkComputesTheSame(room, saved);
  } finally {
    for (const path of savedFiles(saved)) rmSync(path, { force: true });
  }
  return `opened: ${graph.context.notes.map(shapeOf).join(' ')}`;
}

async function checkComputesTheSame({ file, count }: Room, saved: string): Promise<void> {
  const original = await inOnnxRuntime(readFileSync(file));
  if (!original || original === 'beyond limits') return count('opened, and not run');
  count('opened, run and compared');
  const again = await inOnnxRuntime(readFileSync(saved));
  if (again === 'beyond limits') return;
  if (!again) throw new Violation('saved model does not run', 'ONNX Runtime runs the original alone');
  const how = difference(original, again);
  if (how) throw new Violation(`saved model computes something else: ${shapeOf(how)}`, how);
}

function reopened(path: string): Graph {
  try {
    return openModel(path);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const why = shapeOf(error.message.replaceAll(path, 'it'));
    throw new Violation(
      `saved model is refused: ${why}`,
      `a model was opened and saved, and is then refused: ${error.message}`,
    );
  }
}

/** Opens a model, reads all that compression reads, saves it and opens it again. */
export const onnx: Target = {
  name: 'onnx',
  extension: '.onnx',
  seeds: () => modelSeeds('onnx'),
  mutate: mutateModel,
  run,
  isRefusal: isEngineError,
};
