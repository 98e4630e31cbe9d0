import { Dataset } from '../data/dataset';
import { saveModel } from '../onnx/model';
import { openModel } from '../onnx/prepare';
import type { BatchSource } from '../training/batches';
import { curveOf } from '../training/curve';
import { initialized } from '../training/initialize';
import { openBatches } from '../training/pipeline';
import { train } from '../training/trainer';
import type { JobContext } from './job';
import type { FineTuneInput, FineTuning } from './types';

/**
 * Trains a model on a data set and writes it, its structure as it was, to `out`.
 * @throws EngineError `InvalidModel`, `UnsupportedModel`, `InvalidData`, `InvalidSettings`, `Diverged`, `Cancelled`.
 */
export async function fineTuneJob(input: FineTuneInput, context: JobContext): Promise<FineTuning> {
  const { settings } = input;
  const model = openModel(input.model);
  const { graph, notes } = input.fromScratch
    ? initialized(model, settings.seed)
    : { graph: model, notes: [] };
  const data = Dataset.open(input.data);
  let batches: BatchSource | undefined;
  try {
    batches = openBatches(data, input.data, settings);
    const trained = await train(graph, data, {
      settings,
      threads: input.threads,
      checkpoints: input.checkpoints,
      checkpointSeconds: input.checkpointSeconds,
      resume: input.resume,
      monitor: context,
      sources: input.data,
      batches,
    });
    saveModel(trained.graph, input.out);
    const { steps, resumedAt, losses, stepLosses } = trained;
    return {
      ...{ steps, resumedAt, losses, notes },
      ...(input.curve && { curve: curveOf(stepLosses, steps, settings) }),
    };
  } finally {
    await batches?.close();
    data.close();
  }
}
