import { toFailed } from './serialized-error';
import { type JobContext, threadContext } from '../jobs/job-context';
import type { ThreadReply, ThreadTask } from './thread-pool';
import type { JobName, Jobs } from '../jobs/types';

type Run<Name extends JobName> = (
  input: Jobs[Name]['input'],
  context: JobContext,
) => Promise<Jobs[Name]['output']>;

/** Each job's module is loaded on first use. */
const jobs: { [Name in JobName]: () => Promise<Run<Name>> } = {
  analyze: async () => (await import('../jobs/analyze.js')).analyze,
  evaluate: async () => (await import('../jobs/evaluate.js')).evaluateJob,
  scoreLayer: async () => (await import('../jobs/score-layer.js')).scoreLayer,
  trialModels: async () => (await import('../jobs/trial-models.js')).trialModels,
  compress: async () => (await import('../jobs/compress.js')).compress,
  fineTune: async () => (await import('../jobs/fine-tune.js')).fineTuneJob,
  latency: async () => (await import('../jobs/latency.js')).latency,
  predict: async () => (await import('../jobs/predict.js')).predict,
  gather: async () => (await import('../jobs/gather.js')).gather,
  timeLayers: async () => (await import('../jobs/time-layers.js')).timeLayers,
};

/** Runs one job of the pool in this thread. */
export default async function run({ job, input, stop, port }: ThreadTask): Promise<ThreadReply> {
  try {
    const context = threadContext((progress) => port.postMessage(progress), stop);
    context.checkStop(); // it may have waited for a thread meanwhile
    const work = (await jobs[job]()) as (input: unknown, context: JobContext) => Promise<unknown>;
    return { ok: await work(input, context) };
  } catch (error) {
    return { failed: toFailed(error) };
  } finally {
    port.close();
  }
}
