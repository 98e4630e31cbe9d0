import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sharingSuite } from '../support/sharing-suite';
import { storeSuite } from '../support/store-suite';
import { inFileStore } from '../support/stores';

storeSuite(inFileStore);
sharingSuite(inFileStore);

it('two who ask for the id of a new store are told the same', () =>
  inFileStore(async ({ elsewhere }) => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => elsewhere().id()));
    expect(new Set(ids).size).toBe(1);
  }));

it("a new store is its user's alone; one that is there keeps its rights", () =>
  inFileStore(async ({ store, folder }) => {
    await store.putBytes('secret');
    expect(statSync(join(folder, 'store')).mode & 0o777).toBe(0o700);
    chmodSync(join(folder, 'store'), 0o770);
    await store.putBytes('shared');
    expect(statSync(join(folder, 'store')).mode & 0o777).toBe(0o770);
  }));

describe('scratch folders', () => {
  it('are gone after success and after failure', () =>
    inFileStore(async ({ store, folder }) => {
      const use = (fail: boolean) =>
        store.scratch.use(async (folder) => {
          writeFileSync(join(folder, 'x'), '');
          if (fail) throw new Error('failed');
        });
      await use(false);
      await expect(use(true)).rejects.toThrow('failed');
      expect(readdirSync(join(folder, 'store', 'scratch'))).toEqual([]);
    }));

  it('of dead processes of this host are swept, others stay', () =>
    inFileStore(async ({ store, folder }) => {
      const mine = await store.scratch.name();
      const dead = mine.replace(`~${process.pid}~`, '~999999999~');
      const elsewhere = join(join(folder, 'store', 'scratch'), 'otherhost~999999999~x');
      for (const folder of [mine, dead, elsewhere]) mkdirSync(folder);
      await store.scratch.sweep();
      expect([mine, dead, elsewhere].map((folder) => existsSync(folder))).toEqual([true, false, true]);
    }));

  it('of a process that lives are not removed, however old; those of other hosts are', () =>
    inFileStore(async ({ store, folder }) => {
      const mine = await store.scratch.name();
      for (const left of [mine, join(folder, 'store', 'scratch', 'otherhost~1~x')]) mkdirSync(left);
      const removed: boolean[] = [];
      for await (const item of store.items()) removed.push(await store.remove(item, Date.now() + 1e9));
      expect(removed.sort()).toEqual([false, true]);
      expect(existsSync(mine)).toBe(true);
    }));
});
