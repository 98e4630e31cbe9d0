import { packData } from '../data/sources/pack-data';
import { modelFiles, weightFileNames } from '../onnx/model-files';
import type { JobContext } from './job-context';
import type { Gathered, GatherInput } from './types';

/**
 * Finds the files of a model, and turns splits into arrays: what a run does first if it imports its files by itself. What
 * comes from outside is decoded here, in a process of its own.
 */
export async function gather({ model, data }: GatherInput, context: JobContext): Promise<Gathered> {
  context.checkStop();
  if (!data) return { weights: weightFileNames(model), files: [], data: {} };
  // A model that lacks its weights is told before anything long begins.
  const files = modelFiles(model);
  const stop = new AbortController();
  const packed = await packData(data, {
    signal: stop.signal,
    onProgress: ({ split, done, total = done }) => {
      context.report({ done, total, note: `packing ${split}: ${done}/${total} images` });
      try {
        context.checkStop();
      } catch {
        stop.abort();
      }
    },
  });
  return { weights: [], files, data: packed };
}
