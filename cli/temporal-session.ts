import type { Client } from '@temporalio/client';

import { connectTo } from '../server/connect';
import { findRun, NoSuchRun } from '../client/find-run';
import { keepServer } from '../server/keep-server';
import { tracing, type Tracing } from '../server/tracing';
import { findServer, serverOfRuns, type TemporalServer } from '../server/find-server';
import { configuredConverter } from './codec';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { visibleLines } from '../engine/visible';

/** A command's connection to Temporal. */
export interface Session {
  readonly server: TemporalServer;
  readonly client: Client;
  /** Traces, if they are asked for. */
  readonly traces?: Tracing;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Prints a line for people, as opposed to the output for programs. */
export type Say = (line: string) => void;

export const toStdout: Say = (line) => void process.stdout.write(visibleLines(`${line}\n`));
export const toStderr: Say = (line) => void process.stderr.write(visibleLines(`${line}\n`));

export interface SessionOptions {
  readonly state: string;
  readonly say: Say;
  /** True to start a server, and create the state folder, if there is none yet. */
  readonly mayStart?: boolean;
}

/**
 * Does `work` with a Temporal server: the one that is running, or the development server on the state folder's history,
 * which is kept running meanwhile and stopped afterwards unless someone else uses it.
 * @throws BadInput if there is neither a server nor a history
 */
export async function withSession(
  { state, say, mayStart = false }: SessionOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const signal = onInterrupt();
  const server = await (mayStart ? findServer(state) : serverWithRuns(state));
  const stopKeeping = keepServer(server, say);
  let client: Client | undefined;
  let traces: Tracing | undefined;
  try {
    traces = await tracing();
    client = await connectTo(server, await configuredConverter(server.namespace), traces && [traces.plugin]);
    return await work({ server, client, signal, traces });
  } catch (error) {
    if (signal.aborted) return exitStatus.detached;
    throw error instanceof NoSuchRun ? new BadInput(error.message, { cause: error }) : error;
  } finally {
    await traces?.flush();
    await stopKeeping();
    // After a Ctrl-C a call may still be waiting for its retry on this connection.
    if (!signal.aborted) await client?.connection.close();
    if ((await server.release()) && mayStart)
      say('The Temporal server was stopped; `slimflow server` starts it again to show this run in its UI.');
  }
}

/** Does `work` about one run, found by `findRun`; Ctrl-C ends its calls. */
export const withRunSession = (
  options: SessionOptions,
  name: string | undefined,
  work: (workflowId: string, session: Session) => Promise<number>,
): Promise<number> =>
  withSession(options, ({ client, signal, server }) =>
    client.withAbortSignal(signal, async () => work(await findRun(client, name), { client, signal, server })),
  );

/** Does `work` about several runs, each found by `findRun`, or about the one that is found without a name. */
export const withRunsSession = (
  options: SessionOptions,
  names: readonly string[],
  work: (workflowIds: readonly string[], session: Session) => Promise<number>,
): Promise<number> =>
  withSession(options, ({ client, signal, server }) =>
    client.withAbortSignal(signal, async () => {
      const found: string[] = [];
      for (const name of names.length ? names : [undefined]) found.push(await findRun(client, name));
      return work([...new Set(found)], { client, signal, server });
    }),
  );

async function serverWithRuns(state: string): Promise<TemporalServer> {
  const server = await serverOfRuns(state);
  if (server) return server;
  throw new BadInput(
    `no Temporal server is running or configured (TEMPORAL_ADDRESS), and ${state} has no history: give the right folder with --state`,
  );
}
