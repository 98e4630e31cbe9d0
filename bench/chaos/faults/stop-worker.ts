import type { Fault } from './fault';
import { victim, workOf } from './workers';

/** A worker is asked to end, as by a deployment; another process takes its place. */
export const stopWorker: Fault = {
  title: 'a worker is asked to end (SIGTERM)',
  remedy: 'it hands its work back, which is retried from the last checkpoint',
  async cause(fleet, { draw }, now) {
    const worker = victim(fleet, now, draw);
    const pid = worker?.pid;
    if (!pid) return undefined;
    worker.signal('SIGTERM');
    return {
      hit: `worker ${pid}`,
      over: Promise.resolve(),
      recovery: { by: 'activities', hit: workOf(pid), from: 'beginning' },
    };
  },
};
