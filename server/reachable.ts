import { connect } from 'node:net';

import { Connection, type ConnectionOptions } from '@temporalio/client';

import { connectionProblem } from './connection-problem';

/** Time in ms that an available server may take to answer: on a busy machine it is slow, not gone. */
const patienceMs = 10_000;

/** Tells if a Temporal server with that namespace answers there. */
export async function answers(
  address: string,
  { namespace = 'default', ...options }: ConnectionOptions & { namespace?: string } = {},
): Promise<boolean> {
  return (await complaint({ address, ...options }, namespace)) === undefined;
}

/** Addresses of this machine, which no proxy intercepts. */
const isLocal = /^(127\.0\.0\.1|localhost):\d+$/;

/**
 * Says why a Temporal server can't be used; undefined if it answers. A closed local port is reported at once, and so is
 * what is wrong with an address or with TLS, for which gRPC only waits.
 */
export async function complaint(options: ConnectionOptions, namespace: string): Promise<string | undefined> {
  const { address } = options;
  if (address && isLocal.test(address) && !(await isOpen(address)))
    return `nothing is listening at ${address}`;
  const answer = asked(options, namespace);
  const found = connectionProblem(options).then((problem) => problem ?? answer);
  return Promise.race([answer, found]);
}

async function asked(options: ConnectionOptions, namespace: string): Promise<string | undefined> {
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

/** Tells if a web page answers there. */
export const isServed = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    ({ ok }) => ok,
    () => false,
  );

/**
 * Tells if something listens there; a port that refuses is reported at once. The system answers even for a program that
 * is too busy to; only this process, if held up itself, may notice late.
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
