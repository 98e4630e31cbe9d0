import { join } from 'node:path';

import { saveModel } from '../onnx/model';
import { provenanceOf } from '../runtime/provenance';
import { toolsOf } from './backends';
import { partOf } from './compressor';
import { compressorOf } from './compressors';
import type { JobContext } from './job-context';
import { openedModel } from './open-measured';
import type { TrialModels, TrialModelsInput } from './types';

/**
 * Writes a model with a single part compressed, at each of some units, in the original's shape: what `scoreLayer` judges
 * without writing it, for somebody else to judge.
 */
export async function trialModels(input: TrialModelsInput, context: JobContext): Promise<TrialModels> {
  context.checkStop();
  const tools = await toolsOf(input.machinery);
  const graph = await openedModel(input.model, input.method);
  const compressor = await compressorOf(graph, { ...input, tools, context });
  const part = partOf(compressor, input.layer, input.method.technique);
  const trials = await compressor.trials(part);
  const files: string[] = [];
  for (const [at, units] of input.units.entries()) {
    context.checkStop();
    const trial = trials.graph.clone();
    (await trials.at(units)).forEach((tensor, name) => trial.setConstant(name, tensor));
    const path = join(input.folder, `trial-${at}.onnx`);
    saveModel(trial, path);
    files.push(path);
    context.report({
      done: at + 1,
      total: input.units.length,
      note: `${at + 1}/${input.units.length} models`,
    });
  }
  return { files, provenance: provenanceOf(tools.provider) };
}
