import fc from 'fast-check';
import { join, sep } from 'node:path';

import {
  checkpointName,
  importName,
  objectName,
  pathIn,
  pointerName,
  resultName,
} from '../../store/checked-names';

const digest = 'ab'.repeat(32);

it('names of a store are made of digests and keys', () => {
  expect(objectName(digest)).toBe(`objects/ab/${digest}`);
  expect(objectName(digest, 'data/w.bin')).toBe(`objects/ab/${digest}/data/w.bin`);
  expect(resultName('k')).toBe('results/k.json');
  expect(importName(digest)).toBe(`imports/${digest}.json`);
  expect(pointerName('k')).toBe('checkpoints/k/latest.json');
  expect(checkpointName('k', digest)).toBe(`checkpoints/k/${digest}`);
});

const hostile = [
  '../../../../../etc/passwd',
  '/etc/passwd',
  '..',
  '.',
  '',
  'a/../../b',
  'a//b',
  'a\\..\\b',
  'C:\\x',
  'a\0b',
  'x'.repeat(256),
  5,
  null,
  undefined,
  {},
  ['a'],
] as string[];

it.each(hostile.map((value) => [value]))('%j is neither a digest nor a key nor a name', (value) => {
  expect(() => objectName(value)).toThrow(/there is no artifact .*named by a SHA-256/);
  expect(() => resultName(value)).toThrow(/is not the key of a piece of work/);
  expect(() => checkpointName(value, digest)).toThrow(/is not the key/);
  expect(() => checkpointName('k', value)).toThrow(/is not the SHA-256/);
  expect(() => pathIn('/store', value)).toThrow(/can't be the name of a file/);
});

it('whatever a name is, its path is in the folder', () => {
  const part = fc.oneof(fc.string(), fc.constantFrom('..', '.', '', 'a', '\\', 'C:', '\0'));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(part).map((parts) => parts.join('/')),
        fc.string(),
        fc.anything(),
      ),
      (name) => {
        let path: string;
        try {
          path = pathIn(join(sep, 'store'), name as string);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(path.startsWith(join(sep, 'store') + sep)).toBe(true);
        expect(path.split(sep)).not.toContain('..');
      },
    ),
  );
});
