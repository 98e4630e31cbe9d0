import { dirname } from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { readRegularSync } from '../regular-file';
import { isExternal, locationOf, resolveExternal, spanOf } from './external-data';
import { type ModelProto, ModelProtoSchema } from './proto/onnx_pb';
import { allTensors } from './walk';

/** Most bytes of a model's own file, which is one protobuf message. */
export const mostModelBytes = 2 ** 31;

/**
 * Lists the files of a model: its own, then those that hold its weights. Whoever copies a model, or checks whether it
 * has changed, must look at all of them. A file that cannot be read, or is not a model, is listed alone: opening it
 * will report that.
 * @throws EngineError `InvalidModel` if weights are outside the model's folder, or their file is missing or too short
 */
export function modelFiles(path: string): string[] {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, readRegularSync(path, mostModelBytes));
  } catch {
    return [path];
  }
  return [path, ...(model.graph ? resolveAll(model, dirname(path)) : [])];
}

/**
 * Lists the files that hold weights of a model by the names that it has for them, relative to its folder, whether they
 * are there or not; none if it is no model that can be read.
 */
export function weightFileNames(path: string): string[] {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, readRegularSync(path, mostModelBytes));
  } catch {
    return [];
  }
  const names = [...allTensors(model)].filter(isExternal).map(locationOf);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/**
 * Resolves all weights of a model that are in files (`resolveExternal`).
 * @returns those files, by absolute paths
 */
export function resolveAll(model: ModelProto, folder: string | undefined): string[] {
  const files = new Set<string>();
  for (const tensor of allTensors(model)) {
    if (!isExternal(tensor)) continue;
    resolveExternal(tensor, folder);
    files.add(spanOf(tensor).path);
  }
  return [...files];
}
