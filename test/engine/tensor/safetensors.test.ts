import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../../../engine/errors';
import { readTensors, writeTensors } from '../../../engine/tensor/safetensors';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { golden } from '../../support/paths';

const folder = temporaryFolder();

describe('safetensors', () => {
  it('reads back what it wrote, and leaves no temporary file', () => {
    const path = join(folder, 'a.safetensors');
    const tensors = new Map<string, Tensor>([
      ['weights', floats([2, 2], [1, 2, 3, 4])],
      ['steps', int64s([7])],
      ['empty', floats([0])],
    ]);
    writeTensors(path, tensors, { epoch: '3' });
    const read = readTensors(path);
    expect(read.metadata).toEqual({ epoch: '3' });
    expect([...read.tensors]).toEqual([...tensors]);
    expect(readdirSync(folder)).toEqual(['a.safetensors']);
  });

  it('reads a file that the safetensors library of Python wrote', () => {
    const { tensors } = readTensors(golden('engine', 'svd.safetensors'));
    expect(tensors.get('kernel')!.dims).toEqual([8, 6, 3, 5]);
    expect(tensors.get('s')!.type).toBe('float64');
  });

  it('that can not be written is told by its name, and leaves no temporary file', () => {
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    expect(() => writeTensors(taken, new Map([['one', floats([1], [1])]]))).toThrow(
      /could not write .*taken: E/,
    );
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses a file that was cut short', () => {
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, readFileSync(golden('engine', 'svd.safetensors')).subarray(0, 3000));
    expect(() => readTensors(path)).toThrow(/cut\.safetensors is not a complete safetensors file/);
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  it.each<[string, unknown, RegExp]>([
    ['is not JSON', '{"a":', /its header is not JSON/],
    ['is null', null, /its header is not a list of tensors by name/],
    ['is a list', [], /its header is not a list of tensors by name/],
    ['has a tensor of null', { a: null }, /tensor a is of none of the types F32/],
    ['has a tensor of no type', { a: { ...entry, dtype: ['F32'] } }, /tensor a is of none of the types F32/],
    ['has a type of all objects', { a: { ...entry, dtype: 'constructor' } }, /is of none of the types/],
    [
      'has no shape',
      { a: { ...entry, shape: null } },
      /tensor a has a shape that is not a list of whole numbers/,
    ],
    [
      'has a shape of fractions',
      { a: { ...entry, shape: [0.5, 4] } },
      /a shape that is not a list of whole numbers/,
    ],
    [
      'has a shape below 0',
      { a: { ...entry, shape: [-1, -2] } },
      /a shape that is not a list of whole numbers/,
    ],
    [
      'has a shape of texts',
      { a: { ...entry, shape: ['2'] } },
      /a shape that is not a list of whole numbers/,
    ],
    ['has no offsets', { a: { ...entry, data_offsets: undefined } }, /lacks the two offsets/],
    ['has one offset', { a: { ...entry, data_offsets: [0] } }, /lacks the two offsets/],
    [
      'has offsets that do not fit',
      { a: { ...entry, data_offsets: [8, 0] } },
      /takes 8 bytes, but has those from 8 to 0/,
    ],
    [
      'has offsets beyond the end',
      { a: { ...entry, data_offsets: [8, 16] } },
      /ends at byte \d+, but the file has/,
    ],
    ['has metadata of numbers', { a: entry, __metadata__: { x: 1 } }, /its metadata are not texts by name/],
  ])('refuses a file whose header %s', (_, header, message) => {
    const path = join(folder, 'odd.safetensors');
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(8)]));
    expect(() => readTensors(path)).toThrow(EngineError);
    expect(() => readTensors(path)).toThrow(message);
  });

  it.each([0n, 2n ** 63n, 2n ** 64n - 1n])('refuses a file whose header has %p bytes', (size) => {
    const path = join(folder, 'long.safetensors');
    const length = Buffer.alloc(16);
    length.writeBigUInt64LE(size);
    writeFileSync(path, length);
    expect(() => readTensors(path)).toThrow(`it has 16 bytes, and a header of ${size} bytes`);
  });
});
