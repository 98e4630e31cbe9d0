import { Dataset } from '../data/dataset';
import { openModel } from '../onnx/prepare';
import { evaluate } from '../runtime/evaluate';
import type { JobContext } from './job';
import type { EvaluateInput, Evaluation } from './types';

/** The metric of a model over a data set. */
export async function evaluateJob(
  { model, data: source, metric, machinery: { threads, provider } }: EvaluateInput,
  context: JobContext,
): Promise<Evaluation> {
  const data = Dataset.open(source);
  try {
    const onBatch = (done: number, total: number) => {
      context.checkStop();
      context.report({ done, total, note: `${done}/${total} samples` });
    };
    return {
      value: await evaluate(openModel(model), data, { metric, threads, provider, onBatch }),
      samples: data.length,
    };
  } finally {
    data.close();
  }
}
