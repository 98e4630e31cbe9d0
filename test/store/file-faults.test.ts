import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { StoreError, storeError } from '../../store/store-errors';
import { openStore } from '../../store/open';
import { inFolder } from '../support/folder';
import { root } from '../support/paths';
import { inFileStore } from '../support/stores';

const execute = promisify(execFile);
const support = (name: string) => join(root, 'dist', 'test', 'support', name);

it('processes that write the same at the same time do not disturb each other', () =>
  inFileStore(async ({ store, folder, elsewhere }) => {
    const writers = [1, 2, 3].map((seed) => {
      const own = join(folder, `writer-${seed}`);
      mkdirSync(own);
      return execute(process.execPath, [support('store-writer.js'), store.where, own, `${seed}`]);
    });
    await Promise.all(writers);
    const other = elsewhere();
    let artifacts = 0;
    for await (const { room, name, bytes } of other.items()) {
      expect(room).not.toBe('scratch');
      if (room === 'objects') expect(await other.has({ sha256: name, bytes })).toBe(true);
      if (room === 'objects') artifacts++;
    }
    expect(artifacts).toBe(8);
  }));

it('a store that can take no more says so, and keeps no half of anything', () =>
  inFolder(async (folder) => {
    // A limit on the size of files fails writes in the middle, as a full disk does.
    const script = [
      `process.on('SIGXFSZ', () => undefined);`,
      `const { FileStore } = require(${JSON.stringify(join(root, 'dist', 'store', 'file-store.js'))});`,
      `const store = new FileStore(${JSON.stringify(join(folder, 'store'))});`,
      `const failed = async (work) => work.then(() => ({}), ({ code, message }) => ({ code, message }));`,
      `(async () => {`,
      `  const bytes = await failed(store.putBytes(Buffer.alloc(4 << 20)));`,
      `  const result = await failed(store.setResult('k', 'x'.repeat(4 << 20)));`,
      `  const left = []; for await (const item of store.items()) left.push(item);`,
      `  console.log(JSON.stringify({ bytes, result, left, small: (await store.putBytes('small')).bytes }));`,
      `})();`,
    ].join('\n');
    const limited = ['-c', 'ulimit -f 2048; exec "$0" -e "$1"', process.execPath, script];
    const { stdout } = await execute('bash', limited);
    const { bytes, result, left, small } = JSON.parse(stdout) as Record<string, never>;
    for (const failure of [bytes, result])
      expect(failure).toMatchObject({
        code: 'StoreFull',
        message: expect.stringContaining('store at') as string,
      });
    expect([left, small]).toEqual([[], 5]);
  }));

describe('errors of the file system', () => {
  it.each([
    ['ENOSPC', 'StoreFull', /free some/],
    ['EROFS', 'StoreReadOnly', /make it writable/],
    ['EACCES', 'StoreReadOnly', /grant it permission/],
    ['EIO', 'StoreUnreachable', /disk reports/],
  ])('%s means %s', (code, meaning, remedy) => {
    const bare = new Error(`${code}: it failed, write`);
    for (const error of [bare, Object.assign(new Error('m'), { code, path: '/store/objects/x' })]) {
      const known = storeError(error, 'the store at /store', '/store') as StoreError;
      expect(known).toBeInstanceOf(StoreError);
      expect([known.code, known.message]).toEqual([meaning, expect.stringMatching(remedy)]);
    }
  });

  it('of files outside the store, and other errors, are left as they are', () => {
    const theirs = Object.assign(new Error('m'), { code: 'EACCES', path: '/home/x.npy' });
    for (const error of [theirs, new Error('m'), Object.assign(new Error('m'), { code: 'ENOENT' })])
      expect(storeError(error, 'w', '/store')).toBe(error);
  });
});

it('what is not a store is refused', () => {
  for (const where of ['https://host/bucket', 's3://', 's3:///x', 's3://UPPER/x'])
    expect(() => openStore(where)).toThrow(RangeError);
});
