import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
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
  const { earlyStopping, keepBest, ...settings } = input.settings;
  const judged = earlyStopping !== undefined || keepBest;
  if (judged && !input.evaluate) {
    throw new EngineError(
      'InvalidSettings',
      `fine-tuning setting ${earlyStopping ? 'earlyStopping' : 'keepBest'} needs evaluation data to judge by`,
    );
  }
  const graph = openModel(input.model);
  const opened: Dataset[] = [];
  const open = (source: FineTuneInput['data']) => {
    const data = Dataset.open(source);
    opened.push(data);
    return data;
  };
  try {
    const { graph: tuned, ...told } = await train(graph, open(input.data), {
      settings,
      evaluate:
        judged && input.evaluate
          ? { ...input.evaluate, data: open(input.evaluate.data), patience: earlyStopping?.patience }
          : undefined,
      threads: input.threads,
      checkpoints: input.checkpoints,
      checkpointSeconds: input.checkpointSeconds,
      resume: input.resume,
      monitor: context,
      sources: input.data,
    });
    saveModel(tuned, input.out);
    const { steps, resumedAt, losses, retries, evaluations, best, notes } = told;
    const epochs = evaluations.map(({ epoch, value }) => ({ epoch, value }));
    return { ...{ steps, resumedAt, losses, retries, notes }, ...(best && { evaluations: epochs, best }) };
  } finally {
    opened.forEach((data) => data.close());
  }
}
