import { Dataset } from '../data/dataset';
import { openModel } from '../onnx/open-model';
import { type Evaluated, measure } from '../runtime/measure-metric';
import type { JobContext } from './job-context';
import type { EvaluateInput, Evaluation } from './types';
import { WorkCheckpoints } from './work-checkpoints';

/** Job: computes the metric of a model over a data set. */
export async function evaluateJob(
  { model, data: source, metric, machinery: { threads, provider }, checkpointing }: EvaluateInput,
  context: JobContext,
): Promise<Evaluation> {
  const data = Dataset.open(source);
  try {
    const checkpoints = new WorkCheckpoints<Evaluated>(
      context,
      JSON.stringify([metric, data.length]),
      checkpointing,
    );
    const noteOf = (done: number, total: number) => ({ done, total, note: `${done}/${total} samples` });
    const from = checkpoints.resumed();
    context.checkStop();
    context.report(noteOf(from?.done ?? 0, data.length));
    const measured = await measure(openModel(model), data, {
      metric,
      threads,
      provider,
      from,
      onEvaluated: (done, total, state) => checkpoints.passed({ ...noteOf(done, total), state }),
    });
    const value = measured.value();
    const [errors, standardError] = [measured.errors?.(), measured.standardError?.()];
    const details = measured.details?.();
    return {
      value,
      samples: data.length,
      ...(standardError !== undefined && { standardError }),
      ...(errors && { errors }),
      ...(details && { details }),
    };
  } finally {
    data.close();
  }
}
