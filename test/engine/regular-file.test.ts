import { closeSync, renameSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  identityOf,
  openRegular,
  openRegularSync,
  readFully,
  readRegularSync,
} from '../../engine/regular-file';
import { inFolder } from '../support/folder';
import { oddFiles } from '../support/odd-files';

it('anything but a file is named for what it is, at once', () =>
  inFolder(async (folder) => {
    for (const [what, path] of oddFiles(folder)) {
      expect(() => openRegularSync(path)).toThrow(`it is not a file, but ${what}`);
      await expect(openRegular(path)).rejects.toThrow(`it is not a file, but ${what}`);
    }
  }));

it('links are followed where people name files, and nowhere else', () =>
  inFolder(async (folder) => {
    const [file, link] = [join(folder, 'file'), join(folder, 'link')];
    writeFileSync(file, 'content');
    symlinkSync(file, link);
    expect(readRegularSync(link, 100).toString()).toBe('content');
    expect(() => readRegularSync(link, 100, { follow: false })).toThrow(/a symbolic link/);
    await expect(openRegular(link, { follow: false })).rejects.toThrow(/a symbolic link/);
  }));

it('a file is read within a bound, and whole', () =>
  inFolder((folder) => {
    const file = join(folder, 'file');
    writeFileSync(file, 'content');
    expect(() => readRegularSync(file, 6)).toThrow('it has 7 bytes; at most 6 are read');
    const { file: opened } = openRegularSync(file);
    truncateSync(file, 3);
    expect(() => readFully(opened, new Uint8Array(7), 0)).toThrow(/it ends after 3 bytes: it was cut short/);
    closeSync(opened);
  }));

it('another file with the same size and time has another identity', () =>
  inFolder((folder) => {
    const [file, other] = [join(folder, 'file'), join(folder, 'other')];
    const identity = () => identityOf(statSync(file, { bigint: true }));
    writeFileSync(file, 'content');
    const before = identity();
    expect(identity()).toBe(before);
    writeFileSync(other, 'Content');
    renameSync(other, file);
    expect(identity()).not.toBe(before);
  }));
