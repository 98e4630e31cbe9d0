import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { expanded } from '../../../../engine/data/sources/paths';
import { inFolder } from '../../../support/folder';

it('braces stand for names and ranges of numbers, in order', () => {
  expect(expanded('s/{08..11}.tar')).toEqual(['s/08.tar', 's/09.tar', 's/10.tar', 's/11.tar']);
  expect(expanded(['{a,b}-{1..2}.bin', 'c'])).toEqual(['a-1.bin', 'a-2.bin', 'b-1.bin', 'b-2.bin', 'c']);
  expect(expanded('odd{x}')).toEqual(['odd{x}']);
  expect(() => expanded('{5..1}')).toThrow(/must ascend/);
  expect(() => expanded('{0..999999999}')).toThrow(/must ascend|stands for more/);
  expect(() => expanded('{0..9999}{0..9999}')).toThrow(/stands for more/);
});

it('* and ? find files, sorted, in any folder of the path; hidden ones only by name', () =>
  inFolder((folder) => {
    for (const name of ['a/2.tar', 'a/1.tar', 'b/1.tar', 'b/.x.tar', 'b/1.txt']) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
    const found = (pattern: string) => expanded(join(folder, pattern)).map((path) => relative(folder, path));
    expect(found('?/*.tar')).toEqual([join('a', '1.tar'), join('a', '2.tar'), join('b', '1.tar')]);
    expect(found('b/.*')).toEqual([join('b', '.x.tar')]);
    expect(() => found('c/*.tar')).toThrow(/no file matches .*c.\*\.tar/);
  }));
