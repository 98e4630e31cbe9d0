import type { Client } from '@temporalio/client';

import { connectTo } from '../server/connect';
import { findRun, NoSuchRun } from '../client/find-run';
import { keepServer } from '../server/keep-server';
import { findServer, serverOfRuns, type TemporalServer } from '../server/find-server';
import { BadInput, exit } from './exit-status';
import { onInterrupt } from './interrupt';

/** What a command that talks with Temporal has while it does. */
export interface Session {
  readonly server: TemporalServer;
  readonly client: Client;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Tells a person something, apart from what a command prints for programs. */
export type Say = (line: string) => void;

export const toStdout: Say = (line) => void process.stdout.write(`${line}\n`);
export const toStderr: Say = (line) => void process.stderr.write(`${line}\n`);

export interface SessionOptions {
  readonly state: string;
  readonly say: Say;
  /** Starts a server, and makes the state folder, where neither is there yet. */
  readonly isFirst?: boolean;
}

/**
 * Does `work` with a Temporal server: the one that is there, or the development server on the history of the state
 * folder, which is kept running meanwhile and stopped afterwards unless somebody else uses it.
 * @throws BadInput where there is neither server nor history
 */
export async function inSession(
  { state, say, isFirst = false }: SessionOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const signal = onInterrupt();
  const server = await (isFirst ? findServer(state) : serverWithRuns(state));
  const stopKeeping = keepServer(server, say);
  let client: Client | undefined;
  try {
    client = await connectTo(server);
    return await work({ server, client, signal });
  } catch (error) {
    if (signal.aborted) return exit.detached;
    throw error instanceof NoSuchRun ? new BadInput(error.message, { cause: error }) : error;
  } finally {
    await stopKeeping();
    // After a Ctrl-C a call may still be waiting to be tried again on this connection.
    if (!signal.aborted) await client?.connection.close();
    if ((await server.release()) && isFirst)
      say('The Temporal server was stopped; `slimflow server` starts it again, with this run in its UI.');
  }
}

/** A session about one run, named as `findRun` takes it; Ctrl-C ends its calls. */
export const withRun = (
  options: SessionOptions,
  name: string | undefined,
  work: (workflowId: string, session: Session) => Promise<number>,
): Promise<number> =>
  inSession(options, ({ client, signal, server }) =>
    client.withAbortSignal(signal, async () => work(await findRun(client, name), { client, signal, server })),
  );

async function serverWithRuns(state: string): Promise<TemporalServer> {
  const server = await serverOfRuns(state);
  if (server) return server;
  throw new BadInput(
    `no Temporal server runs, none is configured (TEMPORAL_ADDRESS), and ${state} holds no history of one: name the folder with --state`,
  );
}
