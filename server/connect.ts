import { Client, type ClientPlugin, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { hostname, userInfo } from 'node:os';

import type { TemporalServer } from './find-server';

/** Returns the acting user, as shown in the history: `user@host`. */
export function identity(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    // In a container a process may run under an id without a name.
    user = String(process.getuid?.() ?? 'unknown');
  }
  return `${user}@${hostname()}`;
}

/**
 * Connects a client that acts as this user, and reconnects within seconds after a server was away for however long.
 * @param dataConverter with the codecs of the namespace's data, if it has any
 * @param plugins such as that of traces
 */
export async function connectTo(
  { connection: options, namespace }: TemporalServer,
  dataConverter?: DataConverter,
  plugins?: ClientPlugin[],
): Promise<Client> {
  const connection = await Connection.connect({
    ...options,
    // gRPC's default would wait up to two minutes before retrying.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 3000 },
  });
  return new Client({ connection, namespace, identity: identity(), dataConverter, plugins });
}
