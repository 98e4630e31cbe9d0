import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
});
