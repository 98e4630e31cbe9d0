import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { NpyFile, writeNpy } from '../../../engine/data/npy';
import { floats } from '../../../engine/tensor/tensor';
import { inFolder } from '../../support/folder';
import { oddFiles } from '../../support/odd-files';

/** A file of version 1 or 2 whose header says `header`, with 64 bytes of data. */
function npy(header: string, { version = 1, length = header.length } = {}): Buffer {
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1'),
    size,
    Buffer.from(header, 'latin1'),
    Buffer.alloc(64),
  ]);
}
const headerOf = (descr: string, shape: string) =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;

it.each<[string, Buffer, RegExp]>([
  [
    'names 2 GB of header',
    npy(headerOf('<f4', '(1, 1)'), { version: 2, length: 0x7fffffff }),
    /has a header of 2147483647 bytes/,
  ],
  ['ends in its header', npy('', { length: 1000 }), /is cut short: it has 74 of 1010 bytes of its header/],
  ['has a type of every object', npy(headerOf('__proto__', '(1, 1)')), /elements of type __proto__; save it/],
  ['has a constructor for a type', npy(headerOf('constructor', '(1, 1)')), /elements of type constructor/],
  [
    'has a negative dimension',
    npy(headerOf('<f4', '(2, -4)')),
    /a shape that is not a list of whole numbers: \(2, -4\)/,
  ],
  ['has a broken dimension', npy(headerOf('<f4', '(1.5, 2)')), /whole numbers: \(1.5, 2\)/],
  ['has no shape', npy("{'descr': '<f4', 'fortran_order': False}\n"), /whole numbers/],
  [
    'has more elements than there are numbers',
    npy(headerOf('<f4', `(${'999999999999999, '.repeat(30)})`)),
    /is cut short/,
  ],
  ['is shorter than its shape', npy(headerOf('<f8', '(3, 3)')), /is cut short: it has \d+ of \d+ bytes/],
])('a file that %s is refused', (_, bytes, message) =>
  inFolder((folder) => {
    const path = join(folder, 'data.npy');
    writeFileSync(path, bytes);
    expect(() => NpyFile.open(path)).toThrow(message);
    expect(() => NpyFile.open(path)).toThrow(`data file ${path} `);
  }),
);

it('refuses anything but a file', () =>
  inFolder((folder) => {
    for (const [what, path] of oddFiles(folder))
      expect(() => NpyFile.open(path)).toThrow(
        `data file ${path} cannot be read: it is not a file, but ${what}`,
      );
  }));

it('shapes are read as NumPy writes them, and as Python 2 did', () =>
  inFolder((folder) => {
    const path = join(folder, 'data.npy');
    for (const [shape, dims] of [
      ['(16,)', [16]],
      ['(4, 4)', [4, 4]],
      ['(2L, 8L)', [2, 8]],
      ['()', []],
    ] as const) {
      writeFileSync(path, npy(headerOf('<f4', shape)));
      const file = NpyFile.open(path);
      expect(file.dims).toEqual(dims);
      file.close();
    }
    writeNpy(path, floats([2, 3]));
    const file = NpyFile.open(path);
    expect(file.rows(0, 2)).toEqual(floats([2, 3]));
    file.close();
  }));
