import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import * as digest from '../../store/digest';
import { copyHashed, temporaryName } from '../../store/files';
import { inFolder } from '../support/folder';
import { inFileStore } from '../support/stores';

const megabytes = (count: number) => Buffer.alloc(count << 20, 1);

/** Does `change` once the first piece of a file was read. */
function whileRead(change: () => void): void {
  const { eachPiece } = digest;
  jest.spyOn(digest, 'eachPiece').mockImplementationOnce((file, size, take) => {
    let isFirst = true;
    return eachPiece(file, size, async (piece) => {
      if (isFirst) change();
      isFirst = false;
      await take(piece);
    });
  });
}

afterEach(() => jest.restoreAllMocks());

it.each<[string, (file: string) => void]>([
  ['cut short', (file) => truncateSync(file, 1000)],
  ['made longer', (file) => appendFileSync(file, 'more')],
  ['written over', (file) => writeFileSync(file, Buffer.alloc(3 << 20, 2))],
])('a file that is %s while it is taken in is refused, and nothing of it is kept', (_, change) =>
  inFileStore(async ({ store, folder }) => {
    const file = join(folder, 'data.npy');
    writeFileSync(file, megabytes(3));
    whileRead(() => change(file));
    await expect(store.import(file)).rejects.toThrow(
      `${file} was changed while it was read: wait until it is complete, then start again`,
    );
    expect(readdirSync(join(folder, 'store', 'scratch'))).toEqual([]);
    const ref = await store.import(file);
    expect(readFileSync(await store.path(ref)).equals(readFileSync(file))).toBe(true);
  }),
);

it('a copy has the digest of its bytes, and replaces nothing', () =>
  inFolder(async (folder) => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    writeFileSync(from, megabytes(2));
    expect(await copyHashed(from, to)).toEqual({ sha256: digest.sha256(megabytes(2)), bytes: 2 << 20 });
    expect(readFileSync(to).equals(megabytes(2))).toBe(true);
    await expect(copyHashed(from, to)).rejects.toThrow(/EEXIST/);
  }));

it('a temporary name is beside its file, and no longer than names may be', () => {
  const name = temporaryName(join('/folder', 'x'.repeat(255)));
  expect(dirname(name)).toBe('/folder');
  expect(basename(name).length).toBeLessThan(200);
  expect(temporaryName('/folder/x')).not.toBe(temporaryName('/folder/x'));
});
