import type { FaultName } from '../schedule';
import { corruptArtifact } from './corrupt-artifact';
import { cutConnection } from './cut-connection';
import { deleteArtifact } from './delete-artifact';
import type { Fault } from './fault';
import { fillStore } from './fill-store';
import { killServer } from './kill-server';
import { killWorker } from './kill-worker';
import { pauseWorker } from './pause-worker';
import { stallConnection } from './stall-connection';
import { stopWorker } from './stop-worker';

/** Every kind of fault by its name. */
export const faults: Readonly<Record<FaultName, Fault>> = {
  'kill-worker': killWorker,
  'stop-worker': stopWorker,
  'pause-worker': pauseWorker,
  'kill-server': killServer,
  'cut-connection': cutConnection,
  'stall-connection': stallConnection,
  'fill-store': fillStore,
  'delete-artifact': deleteArtifact,
  'corrupt-artifact': corruptArtifact,
};
