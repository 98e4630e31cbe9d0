import type { Latency, Provenance } from '../engine/jobs/types';
import type { LatencyRequest } from '../contract/activities';
import type { CompressionSettings } from '../run-spec/spec';
import { latency } from './proxies';
import type { Run } from './run-state';
import { sentences } from './activity-labels';
import type { Candidate } from '../contract/run';

/** Latencies of the original and of all candidates. */
export interface Measured {
  readonly originalMs: number;
  /** Machine and runtime that they were measured on. */
  readonly by: Provenance & Pick<Latency, 'threads' | 'batch'> & { readonly taskQueue?: string };
  readonly candidates: readonly (Candidate & { readonly latencyMs: number })[];
}

/** The part of a request that says where and how to time: on the device that the spec names, or a worker here. */
export function timingOf(
  { taskQueue, batch, threads, provider, runs }: CompressionSettings['latency'],
  compute: CompressionSettings['compute'],
): Pick<LatencyRequest, 'taskQueue' | 'batch' | 'threads' | 'compute' | 'runs'> {
  const own = provider ?? (taskQueue === undefined ? compute.provider : 'auto');
  return { taskQueue, batch, threads, runs, compute: { ...compute, provider: own } };
}

/** MACs are not latency: the original and all candidates are timed, in turn, on one worker with nothing beside them. */
export async function measure(run: Run, candidates: readonly Candidate[]): Promise<Measured> {
  run.stage('latency');
  const { latency: timing, inputSize, compute, cost } = run.input.settings;
  const models = [run.input.model, ...candidates.map(({ model }) => model)];
  const measured = await latency.executeWithOptions(sentences.latency(candidates.length, timing.runs), [
    { models, inputSize, ...timingOf(timing, compute) },
  ]);
  const { ms, speeds, provenance, threads, batch } = measured;
  const { taskQueue } = timing;
  const timed = candidates.map((candidate, i) => {
    const speed = speeds?.[i + 1];
    // What a worker measured while it compressed is not the device's: there the ratio is that of the device.
    const isRatio = cost === 'latency' && taskQueue !== undefined && speed !== undefined;
    const achieved = isRatio ? 1 / speed.faster : candidate.achieved;
    return { ...candidate, latencyMs: ms[i + 1], speed, achieved };
  });
  timed.forEach(({ id, latencyMs, speed, achieved }) => run.timed(id, { latencyMs, speed, achieved }));
  const by = { ...provenance, threads, batch, ...(taskQueue !== undefined && { taskQueue }) };
  return { originalMs: ms[0], by, candidates: timed };
}
