import type { Provenance } from '../engine/jobs/types';
import { latency } from './proxies';
import type { Run } from './run-state';
import { sentences } from './activity-labels';
import type { Candidate } from '../contract/run';

/** Latencies of the original and of all candidates. */
export interface Measured {
  readonly originalMs: number;
  /** Machine and runtime that they were measured on. */
  readonly by: Provenance;
  readonly candidates: readonly (Candidate & { readonly latencyMs: number })[];
}

/** MACs are not latency: the original and all candidates are timed, in turn, on one worker with nothing beside them. */
export async function measure(run: Run, candidates: readonly Candidate[]): Promise<Measured> {
  run.stage('latency');
  const { latency: timing, inputSize, compute } = run.input.settings;
  const models = [run.input.model, ...candidates.map(({ model }) => model)];
  const { ms, provenance } = await latency.executeWithOptions(
    sentences.latency(candidates.length, timing.runs),
    [{ models, inputSize, compute, runs: timing.runs }],
  );
  const timed = candidates.map((candidate, i) => ({ ...candidate, latencyMs: ms[i + 1] }));
  timed.forEach(({ id, latencyMs }) => run.latency(id, latencyMs));
  return { originalMs: ms[0], by: provenance, candidates: timed };
}
