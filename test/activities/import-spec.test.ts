import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { saveModel } from '../../engine/onnx/model';
import { gather } from '../../engine/jobs/gather';
import { quiet } from '../../engine/jobs/job-context';
import { CompressionSpec, type CompressionSpecInput } from '../../run-spec/spec';
import { temporaryFolder } from '../support/folder';
import { cacheIn, imageFolders } from '../support/image-folders';
import { tinyNetwork } from '../support/tiny';
import { publish, type WebServer, webServer } from '../support/web-server';
import { atWork, silent } from '../support/workplace';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
let web: WebServer;
beforeAll(async () => {
  web = await webServer();
  saveModel(tinyNetwork(), join(folder, 'net.onnx'));
  publish(web, '/exports/net.onnx', readFileSync(join(folder, 'net.onnx')));
  await imageFolders(join(folder, 'photos'), ['ape', 'bee'], 2);
});
afterAll(() => web.stop());

const split = () => ({
  images: join(folder, 'photos'),
  transform: { resize: 8, crop: 8, channels: 'gray' as const },
});
const specOf = (change: Partial<CompressionSpecInput> = {}) =>
  CompressionSpec.parse({
    model: `${web.url}/exports/net.onnx`,
    data: { train: split(), evaluate: split(), test: split() },
    target: 0.5,
    tolerance: 1,
    ...change,
  });
const at = (work: Parameters<typeof atWork>[1], importFrom = [folder, web.url]) =>
  atWork({ gather: (input) => gather(input, quiet) }, work, undefined, { importFrom });

describe('a spec that a worker imports', () => {
  it('gives the input of a run, of the files as they are when it begins', () =>
    at(async ({ do: perform, store, calls }) => {
      const input = await perform('importSpec', { spec: specOf(), run: 'monday' });
      expect(input.name).toBe('net');
      expect(await store.path(input.model)).toBeDefined();
      expect(input.data.train.images.bytes).toBe(128 + 4 * 64);
      expect(input.settings).toMatchObject({ target: 0.5, tolerance: 1 });
      expect(input.settings).not.toHaveProperty('outDir');
      // Decoding is for the process of a job.
      expect(calls.map(({ job }) => job)).toEqual(['gather', 'gather']);
      // A second attempt of the same run, and the same files another night.
      expect(await perform('importSpec', { spec: specOf(), run: 'monday' })).toEqual(input);
      const same = await perform('importSpec', { spec: specOf(), run: 'tuesday' });
      expect([same.model.sha256, same.data.train.images.sha256]).toEqual([
        input.model.sha256,
        input.data.train.images.sha256,
      ]);
      expect(web.answered).toEqual(['200 /exports/net.onnx', '304 /exports/net.onnx']);
      const other = join(folder, 'other.onnx');
      saveModel(tinyNetwork(), other);
      publish(web, '/exports/net.onnx', Buffer.concat([readFileSync(other), Buffer.of(0x12, 1, 0x61)]));
      const next = await perform('importSpec', { spec: specOf(), run: 'wednesday' });
      expect(next.model.sha256).not.toBe(input.model.sha256);
    }));

  it('says how far it is', () =>
    at(async ({ do: perform }) => {
      publish(web, '/exports/second.onnx', readFileSync(join(folder, 'net.onnx')));
      const beats: unknown[] = [];
      const environment = new MockActivityEnvironment({}, { logger: silent });
      environment.on('heartbeat', (details) => beats.push(details));
      await perform(
        'importSpec',
        { spec: specOf({ model: `${web.url}/exports/second.onnx` }), run: 'r' },
        environment,
      );
      expect(beats).toContainEqual(
        expect.objectContaining({ note: `fetching ${web.url}/exports/second.onnx` }),
      );
    }));

  it('ends as cancelled when it is cancelled while it waits for a server', () =>
    at(async ({ do: perform }) => {
      const environment = new MockActivityEnvironment({}, { logger: silent });
      web.instead = () => {
        environment.cancel();
        return true; // and never answers
      };
      const done = perform('importSpec', { spec: specOf(), run: 'cancelled' }, environment);
      await expect(done).rejects.toBeInstanceOf(CancelledFailure);
      web.instead = undefined;
    }));

  it.each([
    ['is elsewhere', { model: '/etc/passwd' }, 'InvalidSettings', /^model \/etc\/passwd is not in/],
    [
      'is not there',
      { model: 'WEB/exports/none.onnx' },
      'SourceMissing',
      /exports\/none\.onnx does not exist \(the server/,
    ],
    [
      'may not be read',
      { model: 'WEB/redirected.onnx' },
      'SourceRefused',
      /redirects to http:\/\/localhost:1\/x/,
    ],
    [
      'is not there on the disk',
      { model: join('/FOLDER', 'none.onnx') },
      'InvalidData',
      /^model .*none\.onnx can't be imported: ENOENT.*none\.onnx/,
    ],
    ['is no model', { model: 'WEB/exports/text.onnx' }, undefined, undefined],
  ])('that %s is refused in words', (_, change, type, message) =>
    at(async ({ do: perform }) => {
      publish(web, '/exports/text.onnx', 'text');
      web.instead = (request, response) => {
        if (request.url !== '/redirected.onnx') return false;
        response.writeHead(302, { location: 'http://localhost:1/x' }).end();
        return true;
      };
      const spec = specOf({ model: change.model.replace('WEB', web.url).replace('/FOLDER', folder) });
      const done = perform('importSpec', { spec, run: 'r' });
      // What it is, the analysis says: here it is only a file.
      if (!type) return void (await done);
      await expect(done).rejects.toMatchObject({
        type,
        nonRetryable: true,
        message: expect.stringMatching(message) as string,
      });
    }),
  );

  it('names the field that is wrong', () =>
    at(async ({ do: perform }) => {
      const spec = { ...specOf(), target: 2 } as never;
      await expect(perform('importSpec', { spec, run: 'r' })).rejects.toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringMatching(/spec\.target/) as string,
      });
    }));

  it('is refused by a worker that was given no place to import from', () =>
    at(async ({ do: perform }) => {
      await expect(perform('importSpec', { spec: specOf(), run: 'r' })).rejects.toThrow(
        /this worker imports no files by itself: start it with --import-from/,
      );
    }, []));
});
