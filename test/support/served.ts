import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server in a process of its own. */
export interface Served {
  readonly port: number;
  /** Kills it, and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

/** Number of times that another program may take a port between the check and the start. */
const maxPorts = 5;

/**
 * Starts a server on a free port of this machine, and waits until it answers, however long that takes.
 * @param start its output must be piped
 * @throws Error with what it said, where it ends instead
 */
export async function served(
  start: (port: number) => ChildProcess,
  answers: (port: number) => Promise<boolean>,
): Promise<Served> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const child = start(port);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += String(data)));
    const ended = once(child, 'close');
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    while (!isOver() && !(await answers(port))) await Promise.race([sleep(50), ended]);
    if (!isOver())
      return {
        port,
        stop: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      };
    if (tries === maxPorts) throw new Error(`${child.spawnfile} does not start: ${said}`);
  }
}

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
