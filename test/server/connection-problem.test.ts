import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import { connectionProblem } from '../../server/connection-problem';
import { complaint } from '../../server/reachable';
import { root } from '../support/paths';

const file = (name: string) => readFileSync(join(root, 'test', 'support', 'certificates', name));
const ca = file('ca.pem');
const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  sockets.forEach((socket) => socket.destroy());
  servers.splice(0).forEach((server) => server.close());
});

/** Starts a server that answers anything with a frame, as HTTP/2 begins; gives its address. */
async function listening(tls?: TlsOptions): Promise<string> {
  const server = tls ? createTlsServer(tls) : createServer();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])));
  });
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.on('tlsClientError', () => undefined);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const certified = { cert: file('server.pem'), key: file('server.key') };
const trusted = { serverRootCACertificate: ca, serverNameOverride: 'temporal.test' };

it('finds nothing wrong with a server that speaks as it is spoken to', async () => {
  expect(await connectionProblem({ address: await listening() })).toBeUndefined();
  const address = await listening(certified);
  expect(await connectionProblem({ address, tls: trusted })).toBeUndefined();
});

it.each([
  ['nothing there', undefined, { address: '127.0.0.1:1' }, /^connection refused/],
  ['an unknown host', undefined, { address: 'temporal.invalid:7233' }, /host name is not known/],
  [
    "a certificate of one's own authority",
    certified,
    { tls: true as const },
    /not trusted \(.*certificate.*\): name its authority by TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  ],
  [
    'a certificate of another name',
    certified,
    { tls: { serverRootCACertificate: ca, serverNameOverride: 'other.test' } },
    /is for another name \(.*temporal\.test.*\): set TEMPORAL_TLS_SERVER_NAME/,
  ],
  [
    'no client certificate',
    { ...certified, ca, requestCert: true },
    { tls: trusted },
    /asks for one .*TEMPORAL_TLS_CLIENT_CERT_PATH/,
  ],
  ['plain text to TLS', certified, {}, /^it speaks TLS: set TEMPORAL_TLS=true/],
])('says what is wrong: %s', async (_, tls, options, message) => {
  const address = await listening(tls);
  expect(await connectionProblem({ address, ...options })).toMatch(message);
});

it('says that TLS is spoken to a plain server', async () => {
  const plain = createServer((socket) =>
    socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  servers.push(plain);
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
  expect(await connectionProblem({ address, tls: true })).toMatch(
    /^it does not speak TLS: set TEMPORAL_TLS=false/,
  );
});

it('the cause comes before gRPC gives up', async () => {
  const address = await listening(certified);
  expect(await complaint({ address, tls: true }, 'default')).toMatch(/certificate is not trusted/);
});
