import { setTimeout as sleep } from 'node:timers/promises';

import { everyActivity, type Fault } from './fault';

/** Fills the store's file system for a while. */
export const fillStore: Fault = {
  title: "the store's file system is full",
  remedy: 'what could not be written is retried with backoff',
  async cause(fleet, { outage }) {
    const { room, pids } = fleet;
    room.fill(pids);
    const over = sleep(1000 * outage).then(() => room.clear(pids));
    return { hit: room.how, over, recovery: everyActivity };
  },
};
