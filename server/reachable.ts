import { connect } from 'node:net';

import { Connection, type ConnectionOptions } from '@temporalio/client';

/** How long a server that is there may take to answer: one on a machine that computes is slow, not gone. */
const patienceMs = 10_000;

/** Whether a Temporal server with that namespace answers there. */
export async function answers(
  address: string,
  { namespace = 'default', ...options }: ConnectionOptions & { namespace?: string } = {},
): Promise<boolean> {
  return (await complaint({ address, ...options }, namespace)) === undefined;
}

/** An address of this machine, to which no proxy leads. */
const isLocal = /^(127\.0\.0\.1|localhost):\d+$/;

/** What keeps a Temporal server from being used; undefined for one that answers. A closed port here is told at once. */
export async function complaint(options: ConnectionOptions, namespace: string): Promise<string | undefined> {
  const { address } = options;
  if (address && isLocal.test(address) && !(await isOpen(address))) return `nothing listens at ${address}`;
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: patienceMs });
    await connection.withDeadline(Date.now() + patienceMs, () =>
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

/**
 * Whether something listens there; a port that refuses is told at once. It is the system that answers, also for a program
 * that is too busy to: only this process, held up itself, may hear of it late.
 */
export const isOpen = (address: string) =>
  new Promise<boolean>((resolve) => {
    const at = address.lastIndexOf(':');
    const socket = connect({
      host: address.slice(0, at),
      port: Number(address.slice(at + 1)),
      timeout: patienceMs,
    });
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
