import { setTimeout as sleep } from 'node:timers/promises';

import type { Fault } from './fault';
import { victim, workOf } from './workers';

/**
 * Stops a worker for longer than its heartbeat timeout, as on a machine that swaps or is moved; then it continues with
 * work that another was given meanwhile.
 */
export const pauseWorker: Fault = {
  title: 'a worker stands still (SIGSTOP … SIGCONT)',
  remedy: 'the heartbeat timeout; once it runs again, its heartbeat tells it that it is late',
  async cause(fleet, { draw, outage }, now) {
    const worker = victim(fleet, now, draw);
    const pid = worker?.pid;
    if (!pid) return undefined;
    worker.signal('SIGSTOP');
    const over = sleep(1000 * outage).then(() => {
      // Another fault may have killed it meanwhile.
      if (worker.pid === pid) worker.signal('SIGCONT');
    });
    return {
      hit: `worker ${pid}`,
      over,
      recovery: { by: 'activities', hit: workOf(pid), from: 'beginning' },
    };
  },
};
