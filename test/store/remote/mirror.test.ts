import { S3 } from '@aws-sdk/client-s3';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Mirror } from '../../../store/remote/mirror';
import { temporaryFolder } from '../../support/folder';
import { startS3, type S3Server, useS3 } from '../../support/s3-server';
import { publish, type WebServer, webServer } from '../../support/web-server';

const folder = temporaryFolder();
let web: WebServer;
beforeAll(async () => {
  web = await webServer();
});
afterAll(() => web.stop());

describe('copies of files of the web', () => {
  it('are downloaded once, and again if they changed there or here', async () => {
    const mirror = new Mirror(join(folder, 'once'));
    publish(web, '/exports/net.onnx', 'one');
    const address = `${web.url}/exports/net.onnx`;
    const downloads: string[] = [];
    const fetch = () => mirror.fetch(address, { onDownload: (one) => downloads.push(one) });
    const path = await fetch();
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(path.endsWith('/exports/net.onnx')).toBe(true);
    await fetch();
    expect(downloads).toEqual([address]);
    expect(web.answered).toEqual(['200 /exports/net.onnx', '304 /exports/net.onnx']);
    publish(web, '/exports/net.onnx', 'two');
    expect(readFileSync(await fetch(), 'utf8')).toBe('two');
    writeFileSync(path, 'bad');
    utimesSync(path, 1, 1);
    expect(readFileSync(await fetch(), 'utf8')).toBe('two');
  });

  it('leave nothing half-fetched', async () => {
    const root = join(folder, 'broken');
    const mirror = new Mirror(root, 10);
    publish(web, '/large.bin', 'x'.repeat(100));
    await expect(mirror.fetch(`${web.url}/large.bin`)).rejects.toThrow(/more than the 10 bytes/);
    expect(
      readdirSync(join(root, 'files/web'), { recursive: true }).filter((name) => /large/.test(String(name))),
    ).toEqual([]);
  });

  it('make room, the least recently used first, once nobody can be at them', async () => {
    const root = join(folder, 'full');
    const mirror = new Mirror(root, 250);
    const addresses = ['/a', '/b', '/c'].map((path) => {
      publish(web, path, path.repeat(50));
      return `${web.url}${path}`;
    });
    const paths: string[] = [];
    for (const address of addresses) paths.push(await mirror.fetch(address));
    await mirror.trim();
    expect(paths.map((path) => existsSync(path))).toEqual([true, true, true]); // 300 bytes, but all may be in use
    const notes = join(root, 'notes');
    for (const note of readdirSync(notes)) {
      const known = JSON.parse(readFileSync(join(notes, note), 'utf8')) as { name: string; used: number };
      const days = known.name.endsWith('/a') ? 3 : 2;
      writeFileSync(
        join(notes, note),
        JSON.stringify({ ...known, used: known.used - days * 24 * 3_600_000 }),
      );
    }
    await mirror.trim();
    expect(paths.map((path) => existsSync(path))).toEqual([false, true, true]);
    expect(readFileSync(await mirror.fetch(addresses[0]), 'utf8')).toBe('/a'.repeat(50));
  });

  it('can not have a name that no file may have', async () => {
    const deep = `${web.url}/${'a/'.repeat(600)}net.onnx`;
    await expect(new Mirror(folder).fetch(deep)).rejects.toMatchObject({
      code: 'SourceRefused',
      message: expect.stringMatching(/is too long for the name of a file here$/) as string,
    });
  });

  it('of a folder can not be had', async () => {
    await expect(new Mirror(folder).fetch(`${web.url}/photos/`)).rejects.toThrow(
      /is a folder, which can't be listed/,
    );
  });
});

describe('copies of a bucket', () => {
  let server: S3Server;
  let s3: S3;
  beforeAll(async () => {
    server = await startS3();
    useS3(server.port);
    s3 = new S3({
      endpoint: `http://127.0.0.1:${server.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: server.credentials,
    });
  });
  afterAll(() => server.stop());
  const put = (Key: string, Body: string) => s3.putObject({ Bucket: server.bucket, Key, Body });

  it('are what is there now: files and folders, changed, new and gone', async () => {
    const mirror = new Mirror(join(folder, 's3'));
    const at = (key: string) => `s3://${server.bucket}/${key}`;
    const downloads: string[] = [];
    const fetch = (key: string) => mirror.fetch(at(key), { onDownload: (one) => downloads.push(one) });
    await put('exports/net.onnx', 'one');
    expect(readFileSync(await fetch('exports/net.onnx'), 'utf8')).toBe('one');
    await fetch('exports/net.onnx');
    await put('exports/net.onnx', 'two'); // of the same size, within the same second
    expect(readFileSync(await fetch('exports/net.onnx'), 'utf8')).toBe('two');
    expect(downloads.length).toBe(2);

    for (const [name, text] of Object.entries({ 'ape/1.png': 'a', 'ape/2.png': 'b', 'bee/1.png': 'c' }))
      await put(`photos/${name}`, text);
    const photos = await fetch('photos/');
    const seen = () =>
      readdirSync(photos, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(
          ({ parentPath, name }) =>
            `${join(parentPath, name).slice(photos.length + 1)} ${readFileSync(join(parentPath, name), 'utf8')}`,
        )
        .sort();
    expect(seen()).toEqual(['ape/1.png a', 'ape/2.png b', 'bee/1.png c']);
    await s3.deleteObject({ Bucket: server.bucket, Key: 'photos/ape/2.png' });
    await put('photos/bee/1.png', 'd');
    await put('photos/cow/1.png', 'e');
    await fetch('photos/');
    expect(seen()).toEqual(['ape/1.png a', 'bee/1.png d', 'cow/1.png e']);

    await expect(fetch('exports/other.onnx')).rejects.toMatchObject({ code: 'SourceMissing' });
    await expect(fetch('nothing/')).rejects.toMatchObject({ code: 'SourceMissing' });
    await expect(mirror.fetch('s3://no-such-bucket/a')).rejects.toMatchObject({
      code: expect.stringMatching(/Source(Missing|Refused)/) as string,
    });
  });
});
