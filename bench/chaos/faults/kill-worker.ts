import type { Fault } from './fault';
import { victim, workOf } from './workers';

/** A worker dies on the spot, as by the kernel's OOM killer; another process takes its place. */
export const killWorker: Fault = {
  title: 'a worker is killed (SIGKILL)',
  remedy: 'the heartbeat timeout; the next attempt continues from the last checkpoint',
  async cause(fleet, { draw }, now) {
    const worker = victim(fleet, now, draw);
    const pid = worker?.pid;
    if (!pid) return undefined;
    worker.signal('SIGKILL');
    return {
      hit: `worker ${pid}`,
      over: Promise.resolve(),
      recovery: { by: 'activities', hit: workOf(pid), from: 'beginning' },
    };
  },
};
