import type { JobPool } from '../../engine/pools/thread-pool';
import type { JobName, Jobs, Progress } from '../../engine/jobs/types';

type Options = { signal?: AbortSignal; onProgress?: (progress: Progress) => void };
type Job<Name extends JobName> = (
  input: Jobs[Name]['input'],
  options: Options,
) => Jobs[Name]['output'] | Promise<Jobs[Name]['output']>;

/** A pool that runs functions in place of the engine's jobs, and counts its calls. */
export function fakePool(jobs: { readonly [Name in JobName]?: Job<Name> }) {
  const calls: { job: JobName; input: unknown }[] = [];
  const run = async (job: JobName, input: unknown, options: Options = {}): Promise<unknown> => {
    calls.push({ job, input });
    const work = jobs[job] as ((input: unknown, options: Options) => unknown) | undefined;
    if (!work) throw new Error(`no fake of ${job}`);
    return work(input, options);
  };
  return { run: run as JobPool['run'], calls };
}
