import type { Fleet } from '../fleet';
import type { PendingActivity, Sample } from '../observer';
import type { WorkerProcess } from '../worker-process';

/** Returns the worker that a draw hits, among those that have work if any has; undefined if none runs. */
export function victim({ workers }: Fleet, now: Sample, draw: number): WorkerProcess | undefined {
  const running = workers.filter(({ pid }) => pid !== undefined);
  const busy = running.filter(({ pid }) => now.some((activity) => activity.started && activity.pid === pid));
  const among = busy.length ? busy : running;
  return among[Math.floor(draw * among.length)];
}

/** Returns the activities that a process is working on. */
export const workOf =
  (pid: number) =>
  (activity: PendingActivity): boolean =>
    activity.started && activity.pid === pid;
