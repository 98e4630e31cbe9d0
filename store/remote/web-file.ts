import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { RemoteError } from './remote-error';
import { redacted } from './remote-url';

/** Marks that a server gives a file, by which it is known again. */
export interface Validators {
  readonly etag?: string;
  readonly modified?: string;
}

/** Options for fetching a file from the web. */
export interface WebOptions {
  /** Marks of the copy that is here already. */
  readonly known?: Validators;
  readonly signal?: AbortSignal;
  /** Refuses an address that a server redirects to. @throws RemoteError */
  readonly allow?: (url: string) => void;
  /** Called when the file comes, and not if the copy that is here is still the file. */
  readonly onBody?: () => void;
  /** Time in ms without data after which a connection is given up; 60,000 by default. */
  readonly idleMs?: number;
  /** First pause before another try, in ms, doubled each time; 500 by default. */
  readonly pauseMs?: number;
  /** Most bytes that are taken. */
  readonly mostBytes?: number;
}

/** Redirects that are followed. */
const mostRedirects = 5;
/** Attempts in a row that bring nothing before a file is given up. */
const mostTries = 5;
/** Answers that another try may change. */
const passing = [408, 425, 429, 500, 502, 503, 504];

/**
 * Downloads a file of the web into a new file; resumes if the connection breaks and the server knows the file by an
 * ETag.
 * @returns what the server says of it; undefined if the copy that is `known` is still the file
 * @throws RemoteError `SourceMissing` (404, 410), `SourceRefused` for other refusals, `SourceUnreachable` after five
 * attempts in a row that brought nothing
 */
export async function downloadWeb(
  url: string,
  path: string,
  options: WebOptions = {},
): Promise<Validators | undefined> {
  const file = await open(path, 'wx', 0o600);
  try {
    const download = new Download(url, file, options);
    for (let failures = 0; ;) {
      const before = download.done;
      try {
        const found = await download.go();
        await file.sync();
        return found;
      } catch (error) {
        if (options.signal?.aborted || !(error instanceof Broken)) throw error;
        failures = download.done > before ? 1 : failures + 1;
        if (failures >= mostTries)
          throw new RemoteError(
            'SourceUnreachable',
            `${redacted(url)} can't be fetched: ${error.message}, ${failures} times in a row`,
            { cause: error },
          );
        await sleep((0.5 + Math.random() / 2) * (options.pauseMs ?? 500) * 2 ** (failures - 1), undefined, {
          signal: options.signal,
        });
      }
    }
  } finally {
    await file.close();
  }
}

/** A failure after which another attempt may succeed. */
class Broken extends Error {}

class Download {
  done = 0;
  /** ETag of what was fetched so far. */
  private etag?: string;

  constructor(
    private readonly url: string,
    private readonly file: Awaited<ReturnType<typeof open>>,
    private readonly options: WebOptions,
  ) {}

  async go(): Promise<Validators | undefined> {
    const { signal, idleMs = 60_000, known } = this.options;
    const idle = new AbortController();
    const timer = setTimeout(() => idle.abort(), idleMs);
    const ending = signal ? AbortSignal.any([signal, idle.signal]) : idle.signal;
    try {
      const answer = await this.asked(ending);
      if (answer.status === 304 && known) return undefined;
      this.options.onBody?.();
      if (answer.status !== 206) await this.restart();
      const etag = answer.headers.get('etag') ?? undefined;
      // A weak one does not promise the same bytes.
      this.etag = etag?.startsWith('W/') ? undefined : etag;
      const total = totalOf(answer);
      this.refuseLarge(total ?? 0);
      for await (const chunk of answer.body ?? []) {
        timer.refresh();
        this.refuseLarge(this.done + (chunk as Uint8Array).length);
        await this.file.write(chunk as Uint8Array, 0, (chunk as Uint8Array).length, this.done);
        this.done += (chunk as Uint8Array).length;
      }
      if (total !== undefined && this.done !== total)
        throw new Broken(`the connection ended at byte ${this.done} of ${total}`);
      return { etag, modified: answer.headers.get('last-modified') ?? undefined };
    } catch (error) {
      if (idle.signal.aborted) throw new Broken(`no data for ${idleMs / 1000} s`);
      if (error instanceof RemoteError || signal?.aborted || isLocal(error)) throw error;
      throw error instanceof Broken ? error : new Broken(causeOf(error), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for the file, or the rest of it, and follows redirects. */
  private async asked(signal: AbortSignal): Promise<Response> {
    const { known, allow } = this.options;
    const rest: Record<string, string> =
      this.done && this.etag !== undefined
        ? { range: `bytes=${this.done}-`, 'if-range': this.etag }
        : {
            ...(known?.etag !== undefined && { 'if-none-match': known.etag }),
            ...(known?.modified !== undefined && { 'if-modified-since': known.modified }),
          };
    let at = this.url;
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const answer = await fetch(at, {
        // What is counted and resumed are the file's own bytes.
        headers: { 'accept-encoding': 'identity', 'user-agent': 'slimflow', ...rest },
        redirect: 'manual',
        signal,
      });
      const to = answer.headers.get('location');
      if (answer.status < 300 || answer.status >= 400 || answer.status === 304 || to === null) {
        if (answer.ok || (answer.status === 304 && known)) return answer;
        await answer.body?.cancel();
        throw refusal(at, answer.status);
      }
      await answer.body?.cancel();
      at = new URL(to, at).href;
      if (!/^https?:/.test(at))
        throw new RemoteError('SourceRefused', `${redacted(this.url)} leads to ${redacted(at)}`);
      allow?.(at);
    }
    throw new RemoteError('SourceRefused', `${redacted(this.url)} redirects over and over`);
  }

  private refuseLarge(bytes: number): void {
    if (bytes > (this.options.mostBytes ?? Infinity))
      throw new RemoteError(
        'SourceRefused',
        `${redacted(this.url)} has more than the ${this.options.mostBytes} bytes that the cache may hold (SLIMFLOW_CACHE_BYTES)`,
      );
  }

  private async restart(): Promise<void> {
    this.done = 0;
    await this.file.truncate(0);
  }
}

function refusal(url: string, status: number): Error {
  const name = redacted(url);
  if (passing.includes(status)) return new Broken(`the server answered ${status}`);
  if (status === 404 || status === 410)
    return new RemoteError('SourceMissing', `${name} does not exist (the server answered ${status})`);
  if (status === 401 || status === 403)
    return new RemoteError(
      'SourceRefused',
      `${name} may not be read from here (the server answered ${status}): use a signed address, or one that needs no password`,
    );
  return new RemoteError('SourceRefused', `${name} can't be read: the server answered ${status}`);
}

/** Returns the size of the whole file, if the server says it. */
function totalOf({ status, headers }: Response): number | undefined {
  if (status === 206) {
    const total = headers.get('content-range')?.split('/')[1];
    return total === undefined || total === '*' ? undefined : Number(total);
  }
  const length = headers.get('content-length');
  return length === null ? undefined : Number(length);
}

/** Tells if an error is one of this machine's files, such as a full disk. */
const isLocal = (error: unknown): boolean => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code !== undefined && ['write', 'ftruncate', 'fsync', 'open'].includes(syscall ?? '');
};

/** Says what is wrong with a connection: `fetch` only says that it failed. */
function causeOf(error: unknown): string {
  let deepest = error as Error;
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  const { code, message } = deepest as NodeJS.ErrnoException;
  return message || code || 'the connection failed';
}
