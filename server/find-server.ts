import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { databaseName, DevServer } from './dev-server';
import { answers, complaint, isOpen, isServed } from './reachable';
import { registerAttributes } from './register-attributes';
import { temporalBinary } from './temporal-binary';

/** What clients and workers connect with. */
export type ServerConnection = ReturnType<typeof loadClientConnectConfig>['connectionOptions'];

/** A Temporal server to work with. */
export interface TemporalServer {
  readonly connection: ServerConnection;
  readonly namespace: string;
  /** Root of its web UI, where one is known. */
  readonly ui?: string;
  /** How it was found, for people. */
  readonly found: string;
  /** Ends the use of it; true when that stopped the server. */
  release(): Promise<boolean>;
  /**
   * Starts it again after it has ended without being told to; true when this did. There for whoever uses a server of the
   * state folder; another's is its owner's to start.
   */
  readonly revive?: () => Promise<boolean>;
}

const standardAddress = 'localhost:7233';
const foundAgain = 'started earlier, found again';
const keep = () => Promise.resolve(false);

/** Whether an address is one of Temporal Cloud, where namespaces are changed by other means. */
export const isCloud = (address: string): boolean => /\.tmprl\.cloud(:|$)/.test(address);

/** The link to a workflow in the web UI. */
export const workflowLink = ({ ui, namespace }: TemporalServer, workflowId: string): string | undefined =>
  ui && `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;

/**
 * Finds a Temporal server, or starts one, in this order: TEMPORAL_ADDRESS or the profile of Temporal's configuration
 * file; one that runs on the state folder's database; a development server of our own, started on it, where it holds a
 * history; one that answers at localhost:7233; a development server on a new database.
 */
export async function findServer(stateFolder: string): Promise<TemporalServer> {
  return (await serverOfRuns(stateFolder)) ?? (await startServer(stateFolder));
}

/**
 * As findServer, but undefined where there is neither server nor history. What somebody else runs at the standard port
 * knows none of the runs in the folder's history, so the history comes first.
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

/** The server that findServer would find; undefined where it would start one. Looking does not count as using it. */
export const existingServer = async (
  stateFolder: string,
  standard = standardAddress,
): Promise<TemporalServer | undefined> =>
  (await configured()) ??
  (await seen(stateFolder)) ??
  (hasHistory(stateFolder) ? undefined : await atStandardPort(standard));

const hasHistory = (stateFolder: string) => existsSync(join(stateFolder, databaseName));

const unused = (standard: string) =>
  `the one at ${standard} has another history, and is used where TEMPORAL_ADDRESS names it`;

/** A development server on the state folder's database, started unless it runs. */
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
 * A server of our own with Slimflow's search attributes on it, also where its database is of an earlier version. Runs do
 * without those that can't be added, so that this never keeps one from starting.
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

/** The web UI stands 1000 ports above the server unless someone chose otherwise. */
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
