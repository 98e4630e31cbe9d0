import { Client, Connection } from '@temporalio/client';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { DevServer } from '../../server/dev-server';
import type { ServerRecord } from '../../server/server-record';
import { taskQueueOf } from '../../client/start-guidebook';
import { temporalBinary } from '../../server/temporal-binary';
import { FileStore } from '../../store/file-store';
import { Proxy } from './proxy';
import type { Room } from './room';
import { untilGone, WorkerProcess } from './worker-process';

export interface FleetOptions {
  /** For the server's database and the logs. */
  readonly folder: string;
  readonly workers: number;
  readonly room: Room;
}

/**
 * A Temporal server on its SQLite file, a store, and workers in processes of their own, which reach the server through
 * a proxy. Clients go through another, which is never cut, so that their address stays whichever port the server gets.
 */
export class Fleet {
  readonly workers: WorkerProcess[] = [];

  private constructor(
    private readonly options: FleetOptions,
    readonly store: FileStore,
    readonly taskQueue: string,
    readonly client: Client,
    private readonly server: DevServer,
    private readonly binary: string,
    private record: ServerRecord,
    /** The workers' way to the server. */
    readonly link: Proxy,
    private readonly clientLink: Proxy,
  ) {}

  /** Starts all but the workers. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { folder, room } = options;
    await mkdir(folder, { recursive: true });
    const { path: binary } = await temporalBinary();
    const server = new DevServer(folder);
    const { record } = await server.start(async () => binary);
    const store = new FileStore(join(room.path, 'store'));
    const taskQueue = await taskQueueOf(store);
    const port = () => fleet.record.port;
    const [link, clientLink] = [await Proxy.open(port), await Proxy.open(port)];
    const client = new Client({ connection: Connection.lazy({ address: clientLink.address }) });
    const fleet: Fleet = new Fleet(
      options,
      store,
      taskQueue,
      client,
      server,
      binary,
      record,
      link,
      clientLink,
    );
    return fleet;
  }

  /** Folder of its store. */
  get room(): Room {
    return this.options.room;
  }

  /** Process ids of the workers that run. */
  get pids(): number[] {
    return this.workers.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  startWorkers(): void {
    const { folder, workers } = this.options;
    const { taskQueue, store, link } = this;
    const place = { address: link.address, taskQueue, store: store.where };
    for (let number = 1; number <= workers; number++)
      this.workers.push(new WorkerProcess(place, join(folder, `worker-${number}.log`)));
  }

  /** Kills the server (SIGKILL), and starts it again on its database after a number of seconds. */
  async killServer(seconds: number): Promise<void> {
    process.kill(this.record.pid, 'SIGKILL');
    await untilGone(this.record.pid);
    await sleep(1000 * seconds);
    const { record } = await this.server.start(async () => this.binary);
    this.record = record;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.close()));
    await this.client.connection.close();
    await Promise.all([this.link.close(), this.clientLink.close()]);
    await this.server.leave();
    this.room.close();
  }
}

/** Does something with a fleet without workers; afterwards, the fleet is stopped and the signal aborted in any case. */
export async function withFleet<T>(
  options: FleetOptions,
  work: (fleet: Fleet, stopped: AbortSignal) => Promise<T>,
): Promise<T> {
  const fleet = await Fleet.start(options);
  const stopped = new AbortController();
  try {
    return await work(fleet, stopped.signal);
  } finally {
    stopped.abort();
    await fleet.stop();
  }
}
