import type { Fleet } from '../fleet';
import type { PendingActivity, Sample } from '../observer';
import type { WorkerProcess } from '../worker-process';

/** The worker that a draw hits, among those that have work if any has; undefined where none runs. */
export function victim({ workers }: Fleet, now: Sample, draw: number): WorkerProcess | undefined {
  const running = workers.filter(({ pid }) => pid !== undefined);
  const busy = running.filter(({ pid }) => now.some((activity) => activity.started && activity.pid === pid));
  const among = busy.length ? busy : running;
  return among[Math.floor(draw * among.length)];
}

/** What a process is at. */
export const workOf =
  (pid: number) =>
  (activity: PendingActivity): boolean =>
    activity.started && activity.pid === pid;
