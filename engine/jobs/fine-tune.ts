import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import { stamp } from '../onnx/metadata';
import { saveModel, weightBytes } from '../onnx/model';
import { provenanceOf } from '../runtime/provenance';
import { resolveProvider } from '../runtime/providers';
import { curveOf } from '../training/loop/learning-curve';
import { initialized } from '../training/parameters/initialize';
import { openBatches } from '../training/batches/pipeline';
import { totalSteps } from '../training/loop/training-run';
import { stepsPerCallOf } from '../training/settings';
import { train } from '../training/trainer';
import type { JobContext } from './job-context';
import { madeBy } from './provenance-step';
import { checkTrainable } from './check-trainable';
import { trainable } from './trainable';
import type { FineTuneInput, FineTuning } from './types';

/**
 * Job: trains a model on a data set and writes it, with its structure unchanged, to `out`.
 * @throws EngineError `InvalidModel`, `UnsupportedModel`, `InvalidData`, `InvalidSettings`, `Diverged`, `Cancelled`
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
  const model = await trainable(input.model);
  checkTrainable(input.model, weightBytes(model));
  const opened: { close(): unknown }[] = [];
  const open = (source: FineTuneInput['data']) => {
    const data = Dataset.open(source);
    opened.push(data);
    return data;
  };
  try {
    const data = open(input.data);
    const begun = input.fromScratch
      ? await initialized(model, { data, seed: settings.seed })
      : { graph: model, notes: [] };
    const stepsPerCall = stepsPerCallOf(settings, input.provider);
    const batches = openBatches(data, input.data, { ...settings, stepsPerCall });
    opened.push(batches);
    const { graph: tuned, ...told } = await train(begun.graph, data, {
      settings,
      evaluate:
        judged && input.evaluate
          ? { ...input.evaluate, data: open(input.evaluate.data), patience: earlyStopping?.patience }
          : undefined,
      threads: input.threads,
      provider: input.provider,
      checkpoints: input.checkpoints,
      checkpointSeconds: input.checkpointSeconds,
      resume: input.resume,
      monitor: context,
      sources: input.data,
      batches,
      teacher: input.teacher === undefined ? undefined : await trainable(input.teacher),
    });
    const provenance = provenanceOf(await resolveProvider(input.provider ?? 'cpu'));
    const { epochs, seed, optimizer } = settings;
    stamp(tuned, {
      step: input.fromScratch ? 'train' : 'fine-tune',
      epochs,
      seed,
      optimizer,
      ...(await madeBy(provenance, input)),
    });
    saveModel(tuned, input.out);
    const { steps, resumedAt, losses, stepLosses, retries, evaluations, best } = told;
    const judgements = evaluations.map(({ epoch, value }) => ({ epoch, value }));
    const total = totalSteps(settings, data.length);
    return {
      steps,
      resumedAt,
      losses,
      retries,
      notes: [...begun.notes, ...told.notes],
      ...(best && { evaluations: judgements, best }),
      provenance,
      ...(input.curve && { curve: curveOf(stepLosses, total, settings, retries) }),
    };
  } finally {
    await Promise.all(opened.map(async (one) => one.close()));
  }
}
