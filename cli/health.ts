import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What probes are told. */
export interface Health {
  /** Whether the worker takes tasks. */
  readonly isReady: boolean;
  /** Shown with the answer. */
  readonly told: object;
}

/** An open health endpoint. */
export interface HealthEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers probes: /healthz with 200 while this process answers at all, /readyz with 200 while it takes tasks and 503
 * while it does not.
 * @param port 0 for any that is free
 * @throws Error when the port is taken
 */
export async function healthEndpoint(port: number, health: () => Health): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const { isReady, told } = health();
    const status = { '/healthz': 200, '/readyz': isReady ? 200 : 503 }[request.url ?? ''] ?? 404;
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(status === 404 ? undefined : JSON.stringify(told));
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
