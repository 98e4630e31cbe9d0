import { setTimeout as sleep } from 'node:timers/promises';

import { everyActivity, type Fault } from './fault';

/** All workers' connections to the server are reset, and new ones refused for a while. */
export const cutConnection: Fault = {
  title: 'connections to the server are reset and refused',
  remedy: 'the workers retry until it answers; a heartbeat timeout if that took longer',
  async cause({ link }, { outage }) {
    link.cut();
    return {
      hit: 'all connections',
      over: sleep(1000 * outage).then(() => link.restore()),
      recovery: everyActivity,
    };
  },
};
