import { everyActivity, type Fault } from './fault';

/** The Temporal server dies, and is started again on its SQLite file and its port. */
export const killServer: Fault = {
  title: 'the Temporal server is killed (SIGKILL)',
  remedy: 'it is restarted on its SQLite file; workers and clients retry until it answers',
  async cause(fleet, { outage }) {
    return { hit: 'the server', over: fleet.killServer(outage), recovery: everyActivity };
  },
};
