import { checkClasses, checkOutputs, wrongShape } from '../data/metric-checks';
import { Dataset } from '../data/dataset';
import { Random } from '../data/random';
import { EngineError } from '../errors';
import { openModel } from '../onnx/open-model';
import { inferShapes } from '../onnx/shapes';
import { batchFor, fixedBatch, inWholeBatches } from '../runtime/batch-size';
import { feederOf } from '../runtime/feeds';
import { Session } from '../runtime/session';
import { asFloats } from '../tensor/as-floats';
import type { JobContext } from './job-context';
import type { Predictions, PredictInput } from './types';

/** Seed by which samples are drawn, if not all are asked for. */
const seed = 0;

/**
 * Job: computes which class each of several models predicts for the same samples, and how sure it is. A model without a
 * softmax at its end gets one.
 */
export async function predict(
  { models, data: source, samples, machinery: { threads, provider } }: PredictInput,
  context: JobContext,
): Promise<Predictions> {
  const data = Dataset.open(source);
  const sessions: Session[] = [];
  try {
    data.requireLabels();
    const graphs = models.map((path) => openModel(path));
    const batch = Math.min(...graphs.map((graph) => batchFor(graph, inferShapes(graph))));
    const asked = inWholeBatches(
      Math.min(samples, data.length),
      fixedBatch(graphs[0], Object.keys(source.inputs ?? {})),
    );
    const rows =
      asked < data.length
        ? new Random(seed).sample(data.length, asked).sort()
        : Int32Array.from({ length: data.length }, (_, row) => row);
    const feeders = graphs.map((graph) => feederOf(graph, data));
    for (const graph of graphs) sessions.push(await Session.open(graph, { threads, provider }));
    const labels: number[] = [];
    const predicted = models.map(() => ({ classes: [] as number[], sureness: [] as number[] }));
    for (let start = 0; start < rows.length; start += batch) {
      context.checkStop();
      context.report({ done: start, total: rows.length, note: `${start}/${rows.length} samples` });
      const read = data.gather(rows.subarray(start, start + batch));
      checkClasses('top1', read.labels, read.size);
      labels.push(...read.labels);
      for (const [at, session] of sessions.entries()) {
        const name = graphs[at].outputs[0].name;
        const output = (await session.run(feeders[at].feeds(read), [name]))[name];
        const scores = asFloats(output);
        const [count, classes, ...rest] = output.dims;
        if (!scores || classes === undefined || rest.some((size) => size !== 1))
          throw wrongShape('top1', output.dims, 'one score per class, [N, K]');
        if (count < read.size)
          throw new EngineError(
            'UnsupportedModel',
            `output ${name} has ${count} rows for ${read.size} samples`,
          );
        checkOutputs(scores);
        for (let n = 0; n < read.size; n++) {
          const { best, share } = surest(scores.subarray(n * classes, (n + 1) * classes));
          predicted[at].classes.push(best);
          predicted[at].sureness.push(Number(share.toFixed(4)));
        }
      }
    }
    return { rows: Array.from(rows), of: data.length, labels, models: predicted };
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    data.close();
  }
}

/** Finds the class of the highest score, the first of equal ones, and its share by softmax, 0 … 1. */
function surest(scores: Float32Array): { readonly best: number; readonly share: number } {
  let [best, sum, least] = [0, 0, Infinity];
  for (const [at, score] of scores.entries()) {
    if (score > scores[best]) best = at;
    sum += score;
    least = Math.min(least, score);
  }
  // Scores that are shares already stay as they are.
  if (least >= 0 && Math.abs(sum - 1) < 1e-3) return { best, share: scores[best] };
  let rest = 0;
  for (const score of scores) rest += Math.exp(score - scores[best]);
  return { best, share: 1 / rest };
}
