import { setTimeout as sleep } from 'node:timers/promises';

import { everyActivity, type Fault } from './fault';

/** The network between workers and server passes nothing, and does not say so; what was sent comes late. */
export const stallConnection: Fault = {
  title: 'the network passes nothing, connections stay open',
  remedy: 'calls time out and are retried; a heartbeat timeout if that took longer',
  async cause({ link }, { outage }) {
    link.stall();
    return {
      hit: 'all connections',
      over: sleep(1000 * outage).then(() => link.restore()),
      recovery: everyActivity,
    };
  },
};
