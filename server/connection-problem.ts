import type { ConnectionOptions } from '@temporalio/client';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';

/** Time in ms that a host may take to accept a connection, and to say its first word. */
const patienceMs = 5000;
/** The first bytes of a client of HTTP/2, and so of gRPC, with an empty frame of settings. */
const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** Type of the frame by which a server of HTTP/2 begins; an alert of TLS has another byte there. */
const settingsFrame = 4;

/** Causes by the code of Node's error: sentences for people, with what to set. */
const causes: readonly (readonly [code: RegExp, cause: (message: string) => string])[] = [
  [/^ECONNREFUSED$/, () => 'connection refused: nothing is listening there'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, () => 'its host name is not known (DNS)'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, () => 'there is no route to its host'],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/,
    (message) =>
      `its certificate is not trusted (${message}): name its authority by TEMPORAL_TLS_SERVER_CA_CERT_PATH`,
  ],
  [
    /ALTNAME_INVALID/,
    (message) => `its certificate is for another name (${message}): set TEMPORAL_TLS_SERVER_NAME`,
  ],
  [/^CERT_/, (message) => `its certificate is not valid: ${message}`],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|UNEXPECTED_MESSAGE|ERR_SSL_RECORD/,
    () => 'it does not speak TLS: set TEMPORAL_TLS=false',
  ],
  [
    /CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_CERTIFICATE/,
    (message) =>
      `it refuses this client's certificate, or asks for one (${message}): set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH`,
  ],
];

/** OpenSSL's message without its numbers and source files. */
const plainText = (message: string): string =>
  /^[0-9A-F]+:error:/.test(message) ? message.split(':').at(5) || message.split(':')[4] : message;

function causeOf(error: NodeJS.ErrnoException): string | undefined {
  const { code = '', message } = error;
  return causes.find(([pattern]) => pattern.test(code))?.[1](plainText(message));
}

/**
 * Finds out why a Temporal server can't be reached, as gRPC only says that it was not in time: connects by TCP, then by TLS
 * as the options say. Undefined if nothing is wrong there, or a proxy is in between.
 */
export async function connectionProblem({
  address = '',
  tls,
  apiKey,
}: ConnectionOptions): Promise<string | undefined> {
  const { grpc_proxy, https_proxy, http_proxy, HTTPS_PROXY, HTTP_PROXY } = process.env;
  const at = address.lastIndexOf(':');
  if (at < 0 || grpc_proxy || https_proxy || http_proxy || HTTPS_PROXY || HTTP_PROXY) return undefined;
  const place = { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
  const wantsTls = tls ?? apiKey !== undefined;
  if (wantsTls) {
    const {
      serverNameOverride,
      serverRootCACertificate,
      clientCertPair: pair,
    } = typeof wantsTls === 'object' ? wantsTls : {};
    const { problem } = await greeted(() =>
      connectTls({
        ...place,
        ALPNProtocols: ['h2'],
        ...(serverNameOverride || !isIP(place.host) ? { servername: serverNameOverride ?? place.host } : {}),
        ...(serverRootCACertificate && { ca: serverRootCACertificate as TlsOptions['ca'] }),
        ...(pair && { cert: pair.crt as TlsOptions['cert'], key: pair.key as TlsOptions['key'] }),
      }),
    );
    return problem;
  }
  const { problem, isHeard } = await greeted(() => connect(place));
  if (problem !== undefined || isHeard) return problem;
  // A server that expects TLS closes the connection, or answers with an alert: then it would accept a handshake.
  return (await answersTls(place))
    ? 'it speaks TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its authority is your own'
    : undefined;
}

/** Connects, and waits for a first word of HTTP/2. */
const greeted = (open: () => Socket): Promise<{ readonly problem?: string; readonly isHeard: boolean }> =>
  new Promise((resolve) => {
    const socket = open();
    let isOpen = false;
    const settle = (problem: string | undefined, isHeard = false) => {
      socket.destroy();
      resolve({ problem, isHeard });
    };
    socket.setTimeout(patienceMs, () =>
      settle(isOpen ? undefined : `it does not answer within ${patienceMs / 1000} s`),
    );
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      isOpen = true;
      socket.write(preface);
    });
    socket.once('data', (bytes: Buffer) => settle(undefined, bytes[3] === settingsFrame));
    socket.once('close', () => settle(undefined));
    socket.once('error', (error) => settle(causeOf(error)));
  });

/** Tells if a TLS handshake comes to its end there, whoever the server is. */
const answersTls = (place: { readonly host: string; readonly port: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTls({
      ...place,
      servername: 'localhost',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    const settle = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(patienceMs, () => settle(false));
    socket.once('secureConnect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
