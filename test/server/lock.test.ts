import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { locked } from '../../server/lock';
import { inFolder } from '../support/folder';

it('one after the other does what the lock is for, also after one that failed', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'made', 'a.lock');
    let inside = 0;
    const work = (fails: boolean) =>
      locked(path, async () => {
        expect(++inside).toBe(1);
        await new Promise(setImmediate);
        inside--;
        if (fails) throw new Error('failed');
      });
    const ended = await Promise.allSettled([true, false, false].map(work));
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(existsSync(path)).toBe(false);
  }));

it.each([
  ['named itself in it', '999999999'],
  ['died before it did', ''],
])('the lock of a dead process that %s is taken over', (_, content) =>
  inFolder(async (folder) => {
    const path = join(folder, 'a.lock');
    writeFileSync(path, content);
    const lately = Date.now() / 1000 - 60;
    utimesSync(path, lately, lately);
    expect(await locked(path, async () => 'done')).toBe('done');
    expect(existsSync(path)).toBe(false);
  }),
);
