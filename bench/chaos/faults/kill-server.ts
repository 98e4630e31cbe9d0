import { everyActivity, type Fault } from './fault';

/** The Temporal server dies, and is started again on its SQLite file and its port. */
export const killServer: Fault = {
  title: 'the Temporal server is killed (SIGKILL)',
  mend: 'it starts again on its SQLite file; workers and clients try until it answers',
  async cause(fleet, { outage }) {
    return { hit: 'the server', over: fleet.killServer(outage), recovery: everyActivity };
  },
};
