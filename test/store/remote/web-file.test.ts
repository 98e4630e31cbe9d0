import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RemoteError } from '../../../store/remote/remote-error';
import { downloadWeb, type WebOptions } from '../../../store/remote/web-file';
import { temporaryFolder } from '../../support/folder';
import { publish, type WebServer, webServer } from '../../support/web-server';

const folder = temporaryFolder();
let server: WebServer;
beforeAll(async () => {
  server = await webServer();
});
afterEach(() => {
  server.instead = undefined;
  server.answered.length = 0;
});
afterAll(() => server.stop());

let files = 0;
const download = async (path: string, options?: WebOptions) => {
  const to = join(folder, String(files++));
  const found = await downloadWeb(`${server.url}${path}`, to, { pauseMs: 1, ...options });
  return { found, bytes: existsSync(to) ? readFileSync(to) : undefined };
};

describe('a file of the web', () => {
  it('is downloaded, and not again while its ETag is the same', async () => {
    publish(server, '/a.bin', 'first');
    const { found, bytes } = await download('/a.bin');
    expect(bytes?.toString()).toBe('first');
    expect((await download('/a.bin', { known: found })).found).toBeUndefined();
    publish(server, '/a.bin', 'second');
    expect((await download('/a.bin', { known: found })).bytes?.toString()).toBe('second');
    expect(server.answered).toEqual(['200 /a.bin', '304 /a.bin', '200 /a.bin']);
  });

  it('goes on where the connection broke, and starts over if the file is another by then', async () => {
    const whole = Buffer.alloc(300_000, 'x');
    publish(server, '/large.bin', whole);
    const cut = (replace: boolean) => {
      let broken = 0;
      server.instead = (request, response) => {
        if (request.headers.range !== undefined || broken++) return false;
        response.writeHead(200, { etag: server.files.get('/large.bin')!.etag, 'content-length': 300_000 });
        response.write(whole.subarray(0, 100_000), () => {
          if (replace) publish(server, '/large.bin', Buffer.alloc(250_000, 'y'));
          response.destroy();
        });
        return true;
      };
    };
    cut(false);
    expect((await download('/large.bin')).bytes).toEqual(whole);
    expect(server.answered).toEqual(['206 /large.bin']);
    cut(true);
    expect((await download('/large.bin')).bytes).toEqual(Buffer.alloc(250_000, 'y'));
  });

  it('is tried again when the server is busy', async () => {
    publish(server, '/busy.bin', 'here');
    let refused = 0;
    server.instead = (_, response) => {
      if (refused++ >= 2) return false;
      response.writeHead(503).end();
      return true;
    };
    expect((await download('/busy.bin')).bytes?.toString()).toBe('here');
    server.instead = (_, response) => {
      response.destroy();
      return true;
    };
    await expect(download('/busy.bin')).rejects.toMatchObject({
      code: 'SourceUnreachable',
      message: expect.stringMatching(/busy\.bin can't be fetched: .*, 5 times in a row$/) as string,
    });
  });

  it.each([
    [404, 'SourceMissing', /^http.*\/x\.bin does not exist \(the server answered 404\)$/],
    [403, 'SourceRefused', /\/x\.bin may not be read from here \(the server answered 403\)/],
    [418, 'SourceRefused', /\/x\.bin can't be read: the server answered 418$/],
  ])('is refused by %d in words, without its signature', async (status, code, message) => {
    server.instead = (_, response) => {
      response.writeHead(status).end();
      return true;
    };
    const failure = await download('/x.bin?signature=secret').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RemoteError);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((failure as Error).message).not.toContain('secret');
  });

  it('follows redirects where that is allowed, and not for ever', async () => {
    publish(server, '/there.bin', 'there');
    server.instead = (request, response) => {
      if (request.url === '/there.bin') return false;
      const location = request.url === '/here.bin' ? '/there.bin' : request.url!;
      response.writeHead(302, { location }).end();
      return true;
    };
    const allowed: string[] = [];
    expect((await download('/here.bin', { allow: (url) => allowed.push(url) })).bytes?.toString()).toBe(
      'there',
    );
    expect(allowed).toEqual([`${server.url}/there.bin`]);
    await expect(download('/circle.bin')).rejects.toThrow(/redirects over and over/);
    const allow = () => {
      throw new RemoteError('SourceRefused', 'not there');
    };
    await expect(download('/here.bin', { allow })).rejects.toThrow('not there');
  });

  it('is refused if it is larger than there is room for, whatever the server says of it', async () => {
    publish(server, '/huge.bin', Buffer.alloc(2000));
    await expect(download('/huge.bin', { mostBytes: 1000 })).rejects.toThrow(/more than the 1000 bytes/);
    server.instead = (_, response) => {
      response.writeHead(200).end(Buffer.alloc(2000)); // in chunks, without a length
      return true;
    };
    await expect(download('/huge.bin', { mostBytes: 1000 })).rejects.toThrow(/more than the 1000 bytes/);
  });

  it('is given up when nothing comes for long, or when the work is stopped', async () => {
    server.instead = (_, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half');
      return true;
    };
    await expect(download('/slow.bin', { idleMs: 20 })).rejects.toMatchObject({
      code: 'SourceUnreachable',
      message: expect.stringContaining('no data for 0.02 s') as string,
    });
    const stop = new AbortController();
    const stopped = download('/slow.bin', { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
  });
});
