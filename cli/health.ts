import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The address at which only programs of this machine are heard. */
export const loopback = '127.0.0.1';

/** The state that probes ask for. */
export interface Health {
  /** True if the worker takes tasks. */
  readonly isReady: boolean;
  /** The body of the answer, sent as JSON. */
  readonly details: object;
}

/** An open health endpoint. */
export interface HealthEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves probes: /healthz answers 200 as long as the process responds, /readyz answers 200 while it takes tasks and 503
 * otherwise.
 * @param port 0 for any free port
 * @param host address to listen on; by default only this machine can ask
 * @throws Error if the port is in use, or the address is not this machine's
 */
export async function healthEndpoint(
  port: number,
  health: () => Health,
  host = loopback,
): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const { isReady, details } = health();
    const status = new Map([
      ['/healthz', 200],
      ['/readyz', isReady ? 200 : 503],
    ]).get(request.url ?? '');
    response.writeHead(status ?? 404, { 'content-type': 'application/json', connection: 'close' });
    response.end(status === undefined ? undefined : JSON.stringify(details));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
