import { serve } from '@hono/node-server';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import { webApp } from './app';
import { isLoopback } from './guard';
import type { LiveContext } from './live-run';

/** Options of `serveWeb`. */
export interface WebOptions {
  /** Address to listen at. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Secret that every request needs; needed unless the address is this machine's alone. */
  readonly token?: string;
}

/** The web server while it runs. */
export interface WebServer {
  /** Address to open, with the token if there is one. */
  readonly url: string;
  /** Secret for decisions that are sent by programs, in the header X-Slimflow-Page. */
  readonly pageToken: string;
  readonly stop: () => Promise<void>;
}

/**
 * Serves the pages of all runs. An address that others can reach has a token, made here if none is given.
 * @throws Error if the address is taken, or may not be used
 */
export async function serveWeb(context: LiveContext, { host, port, token }: WebOptions): Promise<WebServer> {
  const secret = () => randomBytes(24).toString('base64url');
  const needed = token ?? (isLoopback(host) ? undefined : secret());
  const pageToken = secret();
  const door = { port, token: needed, pageToken };
  return new Promise((resolve, reject) => {
    // The port is known only when it listens, and no request comes before.
    const app = webApp(context, door);
    const server = serve({ fetch: app.fetch, hostname: host, port }, (at: AddressInfo) => {
      door.port = at.port;
      const name =
        host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
      const query = needed === undefined ? '' : `?token=${encodeURIComponent(needed)}`;
      resolve({
        url: `http://${name}:${at.port}/${query}`,
        pageToken,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
