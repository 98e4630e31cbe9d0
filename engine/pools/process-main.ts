import { writeFileSync } from 'node:fs';

import { toFailed } from './serialized-error';
import type { FromProcess, ToProcess } from './job-process';
import { JobPool } from './thread-pool';

/*
 * A process for jobs. They run in a thread of it, so that it hears of a stop, and of its parent's death, while native
 * code computes.
 */

const pool = new JobPool({ slots: 1 });
let stop = new AbortController();

/** A message may fail to be sent only because the parent is gone, which `disconnect` tells of. */
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

// Nobody is left to compute for. Threads inside native code survive no orderly exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and a container's stop reach the whole group: it is the parent that stops jobs, with a checkpoint first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
try {
  // Where memory runs out the kernel takes this process rather than the worker's.
  writeFileSync('/proc/self/oom_score_adj', '500');
} catch {
  // Not on this system, or not allowed.
}
