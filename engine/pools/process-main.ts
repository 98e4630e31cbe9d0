import { writeFileSync } from 'node:fs';

import { toFailed } from './serialized-error';
import type { FromProcess, ToProcess } from './job-process';
import { JobPool } from './thread-pool';

/*
 * A process for jobs. They run in a thread, so that the process notices a request to stop, and its parent's death,
 * while native code computes.
 */

const pool = new JobPool({ slots: 1 });
let stop = new AbortController();

/** Sending can fail only because the parent is gone, which `disconnect` reports. */
const tell = (message: FromProcess): void => void process.send?.(message, () => undefined);

process.on('message', (message: ToProcess) => {
  if (message === 'stop') return stop.abort();
  stop = new AbortController();
  const { job, input } = message;
  const onProgress = (progress: object) => tell({ progress } as FromProcess);
  pool.run(job, input as never, { signal: stop.signal, onProgress }).then(
    (ok) => tell({ ok }),
    (error: unknown) => tell({ failed: toFailed(error) }),
  );
});

// Nobody is left to compute for. Threads inside native code do not survive an orderly exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and a container's stop reach the whole group: the parent stops jobs, after a checkpoint.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
try {
  // If memory runs out the kernel kills this process rather than the worker's.
  writeFileSync('/proc/self/oom_score_adj', '500');
} catch {
  // Not supported by this system, or not allowed.
}
