import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { isExternal, resolveExternal, spanOf } from './external-data';
import { type ModelProto, ModelProtoSchema } from './proto/onnx_pb';
import { allTensors } from './walk';

/**
 * The files that a model consists of: its own, then those that its weights lie in. Whoever copies a model, or tells
 * whether it is still the same one, has to look at all of them.
 * A file that cannot be read, or is no model, stands alone: who opens it says so.
 * @throws EngineError `InvalidModel` where weights lie outside the model's folder, or their file is missing or short
 */
export function modelFiles(path: string): string[] {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, readFileSync(path));
  } catch {
    return [path];
  }
  return [path, ...(model.graph ? resolveAll(model, dirname(path)) : [])];
}

/**
 * Resolves all weights of a model that lie in files (`resolveExternal`).
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
