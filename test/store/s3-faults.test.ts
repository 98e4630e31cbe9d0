import { S3 } from '@aws-sdk/client-s3';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Random } from '../../engine/data/random';
import { Bucket as OwnBucket } from '../../store/bucket';
import { sha256 } from '../../store/digest';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy';
import { startS3, type S3Server, useS3 } from '../support/s3-server';
import { inS3Store } from '../support/stores';

let server: S3Server;
let proxy: CuttingProxy;
beforeAll(async () => {
  server = await startS3();
  proxy = await cuttingProxy(server.port);
  useS3(proxy.port);
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const inStore = inS3Store(() => server);
const megabyte = 1 << 20;
const largeBytes = 9 * megabyte;

/** A file of seeded bytes, uploaded in two parts. */
function largeFile(folder: string): [path: string, digest: string] {
  const random = new Random(7);
  const bytes = Buffer.alloc(largeBytes);
  for (let at = 0; at < bytes.length; at += 4096) bytes.writeUInt32LE(random.below(2 ** 32), at);
  writeFileSync(join(folder, 'large'), bytes);
  return [join(folder, 'large'), sha256(bytes)];
}

it('uploads and downloads survive connections that are cut in the middle', () =>
  inStore(async ({ store, folder, elsewhere }) => {
    const [file, digest] = largeFile(folder);
    const before = proxy.cuts();
    proxy.cutNext('up', [3 * megabyte, megabyte]);
    const ref = await store.putFile(file);
    expect(ref.sha256).toBe(digest);
    expect(proxy.cuts() - before).toBe(2);
    proxy.cutNext('down', [megabyte, 2 * megabyte, 0.5 * megabyte]);
    expect(sha256(readFileSync(await elsewhere().path(ref)))).toBe(digest);
    expect(proxy.cuts() - before).toBe(5);
  }));

it('connections that stand still are broken off, and what they carried goes on over others', () =>
  inS3Store(() => server, { idleMs: 2000 })(async ({ store, folder, elsewhere, names }) => {
    const [file, digest] = largeFile(folder);
    const before = proxy.stalls();
    proxy.stallNext('up', [3 * megabyte]);
    const ref = await store.putFile(file);
    expect([ref.sha256, proxy.stalls() - before]).toEqual([digest, 1]);
    expect(await names('objects/')).toHaveLength(1);
    proxy.stallNext('down', [5 * megabyte]);
    expect(sha256(readFileSync(await elsewhere().path(ref)))).toBe(digest);
    expect(proxy.stalls() - before).toBe(2);
  }));

it('an upload that is given up leaves nothing that could be taken for the artifact', () =>
  inStore(async ({ store, folder, elsewhere, names }) => {
    const [file, digest] = largeFile(folder);
    process.env.AWS_MAX_ATTEMPTS = '2';
    useS3(1); // nobody is there
    const lost = elsewhere();
    await expect(lost.has({ sha256: digest, bytes: largeBytes })).rejects.toMatchObject({
      name: 'StoreError',
      code: 'StoreUnreachable',
    });
    useS3(proxy.port);
    proxy.cutNext('up', Array<number>(20).fill(megabyte / 2));
    await expect(elsewhere().putFile(file)).rejects.toMatchObject({ code: 'StoreUnreachable' });
    proxy.forget();
    delete process.env.AWS_MAX_ATTEMPTS;
    expect(await names('objects/')).toEqual([]);
    expect(await elsewhere().has({ sha256: digest, bytes: largeBytes })).toBe(false);
    expect((await store.putFile(file)).sha256).toBe(digest);
    expect(await names('objects/')).toHaveLength(1);
  }));

it('all uploads in parts that were given up are found, however few of them the server tells at a time', async () => {
  const { bucket: Bucket, credentials } = server;
  const endpoint = `http://127.0.0.1:${server.port}`;
  const s3 = new S3({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  const keys = ['a', 'a', 'b', 'c/d', 'e'];
  for (const key of keys) await s3.createMultipartUpload({ Bucket, Key: `begun/${key}` });
  await s3.createMultipartUpload({ Bucket, Key: 'elsewhere/a' });
  const bucket = new OwnBucket(Bucket, 'begun/');
  const found = async (pageSize?: number) => {
    const names: string[] = [];
    for await (const { name } of bucket.uploads(pageSize)) names.push(name);
    return names.sort();
  };
  const all = await found();
  expect(all.map((name) => name.split(' ')[0])).toEqual(keys);
  for (const pageSize of [2, 3, 5]) expect(await found(pageSize)).toEqual(all);
  for (const name of all) await bucket.abort(name);
  expect(await found()).toEqual([]);
});

it('refusals say what is wrong', () =>
  inStore(async ({ elsewhere }) => {
    const keys = process.env.AWS_SECRET_ACCESS_KEY;
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    await expect(elsewhere().putBytes('x')).rejects.toMatchObject({
      code: 'StoreRefused',
      message: expect.stringContaining('credentials') as string,
    });
    process.env.AWS_SECRET_ACCESS_KEY = keys;
  }));

it('the local folder is kept small: what was not used lately goes first, and is fetched again', () =>
  inS3Store(() => server, { cacheBytes: 2000 })(async ({ store, folder }) => {
    const refs = [];
    for (const letter of 'abcd') {
      const ref = await store.putBytes(letter.repeat(900));
      refs.push(ref);
      const path = await store.path(ref);
      const old = new Date(Date.now() - 1e9);
      if (letter !== 'd') utimesSync(path, old, old);
    }
    const cached = readdirSync(join(folder, 'cache-1', 'objects'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.length > 60);
    expect(cached.length).toBeLessThan(4);
    for (const [at, ref] of refs.entries())
      expect(readFileSync(await store.path(ref), 'utf8')[0]).toBe('abcd'[at]);
  }));
