import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { classesIn, listedImages } from '../../../../engine/data/images/label-lists';
import { classFolders, type Listing, unlabelled } from '../../../../engine/data/images/labelled-files';
import { subsetOf } from '../../../../engine/data/images/subset';
import { inFolder } from '../../../support/folder';

/** Makes empty files. */
function touch(folder: string, ...paths: string[]) {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
}

const rowsOf = (folder: string, { files }: Pick<Listing, 'files'>) =>
  files.map(({ path, label }) => `${relative(folder, path)} ${label}`);

describe('a folder a class', () => {
  it('is listed as ImageFolder does: classes by name, files by folder and name', () =>
    inFolder((folder) => {
      touch(
        folder,
        'b/2.png',
        'b/10.JPG',
        'b/x/q/1.webp',
        'b/x-y/0.jpeg',
        'b/notes.txt',
        'b/more',
        'a/z.jpg',
      );
      touch(folder, 'list.csv', '.cache/1.png', 'a/.hidden.png', 'a/.folder/1.png');
      symlinkSync(join(folder, 'a'), join(folder, 'c'));
      symlinkSync(join(folder, 'b'), join(folder, 'b', 'x', 'around'));
      const listing = classFolders(folder);
      expect(listing.classes).toEqual(['a', 'b', 'c']);
      expect(rowsOf(folder, listing)).toEqual([
        'a/z.jpg 0',
        'b/10.JPG 1',
        'b/2.png 1',
        'b/x-y/0.jpeg 1',
        'b/x/q/1.webp 1',
        'c/z.jpg 2',
      ]);
      expect(listing.passedBy).toEqual({ '.txt': 1, '': 1 });
      expect(rowsOf(folder, unlabelled(join(folder, 'b')))).toEqual([
        ...['b/10.JPG', 'b/2.png', 'b/x-y/0.jpeg', 'b/x/q/1.webp'].map((path) => `${path} undefined`),
      ]);
    }));

  it('takes the order of a list of classes, which may have more of them', () =>
    inFolder((folder) => {
      touch(folder, 'set/a/1.png', 'set/b/1.png');
      mkdirSync(join(folder, 'set', 'c'));
      const list = join(folder, 'classes.txt');
      writeFileSync(list, 'b\r\n\nd\nc\na\n');
      const listing = classFolders(join(folder, 'set'), classesIn(list));
      expect(listing.classes).toEqual(['b', 'd', 'c', 'a']);
      expect(rowsOf(folder, listing)).toEqual(['set/b/1.png 0', 'set/a/1.png 3']);
      expect(() => classFolders(join(folder, 'set'), ['a', 'c'])).toThrow('b is not in the list of classes');
      expect(() => classFolders(join(folder, 'set'))).toThrow(/set\/c has no images/);
      expect(() => classFolders(join(folder, 'set', 'a'))).toThrow('has no subfolders');
      expect(() => classFolders(join(folder, 'nowhere'))).toThrow(/nowhere can't be read/);
      writeFileSync(list, 'a\na\n');
      expect(() => classesIn(list)).toThrow('lists class a twice');
      writeFileSync(list, '\n');
      expect(() => classesIn(list)).toThrow('is empty: list one class per line');
      expect(() => classesIn(join(folder, 'nowhere.txt'))).toThrow(/nowhere\.txt can't be read/);
    }));
});

describe('a CSV file', () => {
  const listed = (text: string, classes?: string[]) =>
    inFolder((folder) => {
      const file = join(folder, 'list.csv');
      writeFileSync(file, text);
      const listing = listedImages(file, folder, classes);
      return { rows: rowsOf(folder, listing), classes: listing.classes };
    });

  it('gives files and labels in its order, by name or number', async () => {
    expect(await listed('\ufefffile,label\r\nz.png,dog\r\n"a,""1"".png", cat ,more\r\n')).toEqual({
      rows: ['z.png 1', 'a,"1".png 0'],
      classes: ['cat', 'dog'],
    });
    expect(await listed('x/1.png,2\nx/0.png,0\n')).toEqual({
      rows: ['x/1.png 2', 'x/0.png 0'],
      classes: ['0', '1', '2'],
    });
    const digits = ['9', '8', '7'];
    expect(await listed('1.png,7\n', digits)).toEqual({ rows: ['1.png 2'], classes: digits });
    expect(await listed('1.png,2\n', ['a', 'b', 'c'])).toMatchObject({ rows: ['1.png 2'] });
  });

  it('is refused by the line that is wrong', async () => {
    await expect(listed('file,label\n1.png,a\n2.png\n')).rejects.toThrow(
      'line 3: expected file,label, not `2.png`',
    );
    await expect(listed('1.png,a\n\n2.png,b\n', ['a'])).rejects.toThrow('line 3: b is not in the list');
    await expect(listed('1.png,1\n', ['a'])).rejects.toThrow('line 1: 1 is not in the list');
    await expect(listed('1.png,20231123\n')).rejects.toThrow('label 20231123 is not a class number');
    await expect(listed('file,label\n')).rejects.toThrow('lists no image');
  });
});

describe('a subset', () => {
  const files = Array.from({ length: 30 }, (_, at) => ({ path: `${at}`, label: at % 3 }));
  const paths = (...args: Parameters<typeof subsetOf>) => subsetOf(...args).map(({ path }) => Number(path));

  it('has the requested number of images per class, the same ones from the same seed, in their order', () => {
    const drawn = paths(files, { limitPerClass: 4, seed: 1 });
    expect([0, 1, 2].map((label) => drawn.filter((at) => at % 3 === label).length)).toEqual([4, 4, 4]);
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b));
    expect(paths(files, { limitPerClass: 4, seed: 1 })).toEqual(drawn);
    expect(paths(files, { limitPerClass: 4, seed: 2 })).not.toEqual(drawn);
    expect(paths(files, { limitPerClass: 11, seed: 1 })).toHaveLength(30);
  });

  it('can come in an order that is drawn', () => {
    const shuffled = paths(files, { shuffle: true, seed: 1 });
    expect(shuffled).not.toEqual(paths(files, { seed: 1 }));
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(paths(files, { seed: 1 }));
    expect(paths(files, { shuffle: true, seed: 1 })).toEqual(shuffled);
  });
});
