import { Dataset } from '../data/dataset';
import { saveModel } from '../onnx/model';
import { openModel } from '../onnx/prepare';
import { train } from '../training/trainer';
import type { JobContext } from './job';
import type { FineTuneInput, FineTuning } from './types';

/**
 * Trains a model on a data set and writes it, its structure as it was, to `out`.
 * @throws EngineError `InvalidModel`, `UnsupportedModel`, `InvalidData`, `InvalidSettings`, `Diverged`, `Cancelled`.
 */
export async function fineTuneJob(input: FineTuneInput, context: JobContext): Promise<FineTuning> {
  const graph = openModel(input.model);
  const data = Dataset.open(input.data);
  try {
    const {
      graph: tuned,
      steps,
      resumedAt,
      losses,
    } = await train(graph, data, {
      settings: input.settings,
      threads: input.threads,
      checkpoints: input.checkpoints,
      checkpointSeconds: input.checkpointSeconds,
      resume: input.resume,
      monitor: context,
      sources: input.data,
    });
    saveModel(tuned, input.out);
    return { steps, resumedAt, losses };
  } finally {
    data.close();
  }
}
