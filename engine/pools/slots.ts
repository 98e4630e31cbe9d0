import { statSync } from 'node:fs';

import { modelFiles } from '../onnx/model';

/** Memory that a job takes for each byte of the model's weights: the weight at hand, one to try, and a session's. */
const copies = 3;

/** Bytes of a model's files; 0 where there is none. @throws EngineError as `modelFiles` does */
export const modelBytes = (path: string): number =>
  modelFiles(path).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);

/** How many jobs on a model may run side by side: as many as there are cores, while they take half of the free memory. */
export const slotsFor = (model: number, cores: number, freeMemory: number): number =>
  Math.max(1, Math.min(cores, Math.floor(freeMemory / 2 / (copies * Math.max(1, model)))));
