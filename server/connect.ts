import { Client, Connection } from '@temporalio/client';
import { hostname, userInfo } from 'node:os';

import type { TemporalServer } from './find-server';

/** Who acts, as the history shall show it: `user@host`. */
export function identity(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    // In a container a process may run under an id that has no name.
    user = String(process.getuid?.() ?? 'unknown');
  }
  return `${user}@${hostname()}`;
}

/** A client that acts as this user, and is back within seconds of a server that was away for however long. */
export async function connectTo({ connection: options, namespace }: TemporalServer): Promise<Client> {
  const connection = await Connection.connect({
    ...options,
    // gRPC's own would have it wait for up to two minutes before it tries again.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 3000 },
  });
  return new Client({ connection, namespace, identity: identity() });
}
