import { createHash, timingSafeEqual } from 'node:crypto';

/** The door that requests come through. */
export interface Door {
  readonly port: number;
  /** The secret that every request must have; left out if only this machine can reach the door. */
  readonly token?: string;
  /** The secret that the page tells only to its own script, and that a request which acts must have. */
  readonly pageToken: string;
}

/** A request, as far as it decides whether it is let in. */
export interface Knock {
  readonly method: string;
  readonly host?: string;
  readonly origin?: string;
  /** Header Sec-Fetch-Site, which browsers set and pages can't. */
  readonly fetchSite?: string;
  /** Secret from the cookie or the Authorization header. */
  readonly token?: string;
  /** Header X-Slimflow-Page. */
  readonly pageToken?: string;
}

/** A request that is not let in. */
export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly reason: string;
}

/** Methods that only read. */
const reading = ['GET', 'HEAD'];
/** Names of this machine, for itself. */
const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Tells if an address to listen at can be reached from this machine only. */
export const isLoopback = (host: string): boolean => ['localhost', '127.0.0.1', '::1'].includes(host);

/**
 * Decides whether a request is let in; undefined if it is. A page of another site can send requests to this machine, and
 * by a name that it controls even read the answers: the host tells of the latter, the origin and the page's token of the
 * former.
 */
export function refusal({ port, token, pageToken }: Door, knock: Knock): Refusal | undefined {
  const { method, host = '', origin, fetchSite } = knock;
  if (
    token === undefined &&
    !loopback.some((name) => host === `${name}:${port}` || (port === 80 && host === name))
  )
    return {
      status: 421,
      reason: `this server is ${loopback[0]}:${port}, and not ${host || 'a host without a name'}`,
    };
  if (token !== undefined && !isSame(knock.token, token))
    return { status: 401, reason: 'open the address with the token that `slimflow web` printed' };
  if (reading.includes(method)) return undefined;
  if (origin === undefined || hostOf(origin) !== host || (fetchSite ?? 'same-origin') !== 'same-origin')
    return { status: 403, reason: 'only the pages of this server may act on runs' };
  if (!isSame(knock.pageToken, pageToken))
    return {
      status: 403,
      reason: 'the page is not of this server any more: it must have the token of its events',
    };
  return undefined;
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** Compares secrets in a time that does not depend on where they differ. */
function isSame(given: string | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(secret));
}
