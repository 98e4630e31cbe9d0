import { connect } from 'node:net';

import { Connection, type ConnectionOptions } from '@temporalio/client';

/** Whether a Temporal server with that namespace answers there; a closed port is told at once. */
export async function answers(
  address: string,
  { namespace = 'default', ...options }: ConnectionOptions & { namespace?: string } = {},
): Promise<boolean> {
  return (await isOpen(address)) && (await complaint({ address, ...options }, namespace)) === undefined;
}

/** What keeps a Temporal server from being used; undefined for one that answers. */
export async function complaint(options: ConnectionOptions, namespace: string): Promise<string | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: 3000 });
    await connection.withDeadline(Date.now() + 3000, () =>
      connection!.workflowService.describeNamespace({ namespace }),
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await connection?.close();
  }
}

/** Whether a web page answers there. */
export const isServed = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Whether something listens there; a port that refuses is told at once. */
export const isOpen = (address: string) =>
  new Promise<boolean>((resolve) => {
    const at = address.lastIndexOf(':');
    const socket = connect({
      host: address.slice(0, at),
      port: Number(address.slice(at + 1)),
      timeout: 1000,
    });
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
