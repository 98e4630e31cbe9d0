import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { databaseName, DevServer } from './dev-server';
import { answers, complaint, isOpen, isServed } from './reachable';
import { registerAttributes } from './register-attributes';
import { temporalBinary } from './temporal-binary';

/** Connection options of clients and workers. */
export type ServerConnection = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

/** A Temporal server to work with. */
export interface TemporalServer {
  readonly connection: ServerConnection;
  readonly namespace: string;
  /** Root of its web UI, if known. */
  readonly ui?: string;
  /** Sentence for people that says where it was found. */
  readonly found: string;
  /** Ends the use of it; returns true if that stopped the server. */
  release(): Promise<boolean>;
  /**
   * Restarts it after it has ended unexpectedly; returns true if this call did. Set only for servers of the state
   * folder; others are for their owners to start.
   */
  readonly revive?: () => Promise<boolean>;
}

const standardAddress = 'localhost:7233';
const foundAgain = 'started earlier, still running';
const keep = () => Promise.resolve(false);

/** Tells if an address is Temporal Cloud's, where namespaces are changed by other means. */
export const isCloud = (address: string): boolean => /\.tmprl\.cloud(:|$)/.test(address);

/** Returns the link to a workflow in the web UI. */
export const workflowLink = ({ ui, namespace }: TemporalServer, workflowId: string): string | undefined =>
  ui && `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;

/**
 * Finds a Temporal server, or starts one, in this order: TEMPORAL_ADDRESS or the profile of Temporal's configuration
 * file; one running on the state folder's database; a development server of our own, started on that database if it
 * holds a history; one that answers at localhost:7233; a development server on a new database.
 */
export async function findServer(stateFolder: string): Promise<TemporalServer> {
  return (await serverOfRuns(stateFolder)) ?? (await startServer(stateFolder));
}

/**
 * Does as `findServer`, but returns undefined if there is neither a server nor a history. A server that somebody else
 * runs at the standard port knows none of the runs in the folder's history, so the history comes first.
 */
export async function serverOfRuns(
  stateFolder: string,
  standard = standardAddress,
): Promise<TemporalServer | undefined> {
  const server = (await configured()) ?? (await recorded(stateFolder));
  if (server) return server;
  if (!hasHistory(stateFolder)) return atStandardPort(standard);
  const started = await startServer(stateFolder);
  return (await isOpen(standard)) ? { ...started, found: `${started.found}; ${unused(standard)}` } : started;
}

/**
 * Returns the server that `findServer` would find; undefined if it would start one. This does not count as using it.
 */
export const existingServer = async (
  stateFolder: string,
  standard = standardAddress,
): Promise<TemporalServer | undefined> =>
  (await configured()) ??
  (await seen(stateFolder)) ??
  (hasHistory(stateFolder) ? undefined : await atStandardPort(standard));

const hasHistory = (stateFolder: string) => existsSync(join(stateFolder, databaseName));

const unused = (standard: string) =>
  `the one at ${standard} has another history; set TEMPORAL_ADDRESS to use it`;

/** Returns a development server on the state folder's database, started unless it is running. */
export async function startServer(stateFolder: string): Promise<TemporalServer> {
  const server = new DevServer(stateFolder);
  let from = '';
  const { record, isNew } = await server.start(async () => {
    const binary = await temporalBinary();
    from = binary.from;
    return binary.path;
  });
  return readied(ours(server, record, isNew ? `development server started (${from})` : foundAgain));
}

async function configured(): Promise<TemporalServer | undefined> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  if (!connectionOptions.address) return undefined;
  const problem = await complaint(connectionOptions, namespace);
  if (problem)
    throw new Error(
      `the Temporal server at ${connectionOptions.address} (TEMPORAL_ADDRESS or the profile) can't be used: ${problem}`,
    );
  const { address } = connectionOptions;
  return {
    connection: connectionOptions,
    namespace,
    ui: isCloud(address) ? 'https://cloud.temporal.io' : await standardUi(address),
    found: `${address}, as configured (TEMPORAL_ADDRESS or the profile)`,
    release: keep,
  };
}

async function recorded(stateFolder: string): Promise<TemporalServer | undefined> {
  const server = new DevServer(stateFolder);
  const running = await server.find();
  return running && readied(ours(server, running, foundAgain));
}

async function seen(stateFolder: string): Promise<TemporalServer | undefined> {
  const server = new DevServer(stateFolder);
  const running = await server.running();
  return running && { ...ours(server, running, foundAgain), release: keep, revive: undefined };
}

/**
 * Adds Slimflow's search attributes to a server of our own, whose database may be from an earlier version. Runs work
 * without those that can't be added, so this never fails.
 */
async function readied(server: TemporalServer): Promise<TemporalServer> {
  const connection = await Connection.connect(server.connection).catch(() => undefined);
  if (connection) await registerAttributes(connection, server.namespace).catch(() => undefined);
  await connection?.close();
  return server;
}

async function atStandardPort(standard: string): Promise<TemporalServer | undefined> {
  if (!(await answers(standard))) return undefined;
  return {
    connection: { address: standard },
    namespace: 'default',
    ui: await standardUi(standard),
    found: `answers at ${standard}`,
    release: keep,
  };
}

/** Guesses the web UI's address: 1000 ports above the server unless someone chose otherwise. */
async function standardUi(address: string): Promise<string | undefined> {
  const at = address.lastIndexOf(':');
  const url = `http://${address.slice(0, at)}:${Number(address.slice(at + 1)) + 1000}`;
  return (await isServed(url)) ? url : undefined;
}

const ours = (
  server: DevServer,
  { address, ui }: { address: string; ui: string },
  found: string,
): TemporalServer => ({
  connection: { address },
  namespace: 'default',
  ui,
  found: `${address}, ${found}`,
  release: () => server.leave(),
  revive: () => server.revive(address, async () => (await temporalBinary()).path),
});
