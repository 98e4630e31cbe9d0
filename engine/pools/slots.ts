import { statSync } from 'node:fs';

import { modelFiles } from '../onnx/model';

/** Bytes that a job takes per byte of the model's weights: the current weight, one to try, and a session's. */
const copies = 3;

/**
 * Returns the bytes of a model's files; 0 if there are none.
 * @throws EngineError as `modelFiles` does
 */
export const modelBytes = (path: string): number =>
  modelFiles(path).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);

/**
 * Returns how many jobs on a model may run side by side: one per core, as long as they take at most half of the free
 * memory.
 */
export const slotsFor = (model: number, cores: number, freeMemory: number): number =>
  Math.max(1, Math.min(cores, Math.floor(freeMemory / 2 / (copies * Math.max(1, model)))));
