import { openModel } from '../onnx/open-model';
import { provenanceOf } from '../runtime/provenance';
import { resolveProvider } from '../runtime/providers';
import { speedOf, timeGraphs } from '../runtime/timing';
import type { JobContext } from './job-context';
import type { Latency, LatencyInput } from './types';

/** Job: measures the median time of one sample through each model, taking turns. */
export async function latency(
  { models, inputSize, machinery: { threads, provider }, runs, batch }: LatencyInput,
  context: JobContext,
): Promise<Latency> {
  const graphs = models.map((path) => openModel(path, { inputSize }));
  const timings = await timeGraphs(graphs, {
    threads,
    provider,
    runs,
    inputShape: inputSize,
    batch,
    onRun(done, total) {
      context.checkStop();
      context.report({ done, total, note: `run ${done + 1}/${total}` });
    },
  });
  return {
    ms: timings.map(({ ms }) => ms),
    speeds: timings.map((timing) => speedOf(timing, timings[0])),
    provenance: provenanceOf(await resolveProvider(provider)),
    threads,
    batch: batch ?? 1,
  };
}
