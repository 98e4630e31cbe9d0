import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

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
 * @throws Error if the port is in use
 */
export async function healthEndpoint(port: number, health: () => Health): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const { isReady, details } = health();
    const status = { '/healthz': 200, '/readyz': isReady ? 200 : 503 }[request.url ?? ''] ?? 404;
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(status === 404 ? undefined : JSON.stringify(details));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
