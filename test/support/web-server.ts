import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file that a server of a test has; its ETag changes with its bytes. */
export interface WebFile {
  bytes: Buffer;
  etag: string;
}

/** A real web server on this machine, and what it was asked. */
export interface WebServer {
  readonly url: string;
  /** Its files by their paths. */
  readonly files: Map<string, WebFile>;
  /** Answers so far: `200 /net.onnx`. */
  readonly answered: string[];
  /** Takes a request instead of the server, if it returns true. */
  instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
  stop(): Promise<void>;
}

/** Starts a server of files, which knows ETags and ranges. */
export async function webServer(): Promise<WebServer> {
  const files = new Map<string, WebFile>();
  const answered: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.on('finish', () => answered.push(`${response.statusCode} ${request.url}`));
    if (server.instead?.(request, response)) return;
    const file = files.get((request.url ?? '').split('?')[0]);
    if (!file) return void response.writeHead(404).end();
    const headers = { etag: file.etag };
    if (request.headers['if-none-match'] === file.etag) return void response.writeHead(304, headers).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN);
    const { length } = file.bytes;
    if (from < length && request.headers['if-range'] === file.etag)
      return void response
        .writeHead(206, {
          ...headers,
          'content-length': length - from,
          'content-range': `bytes ${from}-${length - 1}/${length}`,
        })
        .end(file.bytes.subarray(from));
    response.writeHead(200, { ...headers, 'content-length': length }).end(file.bytes);
  };
  const listener: Server = createServer(answer);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const server: WebServer = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    files,
    answered,
    stop: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        listener.closeAllConnections();
      }),
  };
  return server;
}

/** Puts a file on a server. */
export const publish = ({ files }: WebServer, path: string, bytes: Uint8Array | string): void => {
  const known = files.get(path);
  files.set(path, {
    bytes: Buffer.from(bytes as Uint8Array),
    etag: `"${Number(known?.etag.replaceAll('"', '') ?? 0) + 1}"`,
  });
};
