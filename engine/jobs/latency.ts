import { openModel } from '../onnx/prepare';
import { timeGraphs } from '../runtime/timing';
import type { JobContext } from './job';
import type { Latency, LatencyInput } from './types';

/** The median time of one sample through each model; the models take turns. */
export async function latency(
  { models, threads, runs }: LatencyInput,
  context: JobContext,
): Promise<Latency> {
  const onRun = (done: number, total: number) => {
    context.checkStop();
    context.report({ done, total, note: `run ${Math.min(done + 1, total)}/${total}` });
  };
  const timings = await timeGraphs(
    models.map((path) => openModel(path)),
    { threads, runs, onRun },
  );
  return { ms: timings.map(({ ms }) => ms) };
}
