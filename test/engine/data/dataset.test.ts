import { closeSync, mkdtempSync, openSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { writeNpy } from '../../../engine/data/npy';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import { digits } from '../../support/paths';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
let files = 0;
const npy = (tensor: Tensor) => {
  const path = join(folder, `${files++}.npy`);
  writeNpy(path, tensor);
  return path;
};
const pixels: Tensor = { type: 'uint8', dims: [4, 2, 1, 1], data: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]) };
const images = npy(pixels);
const labels = npy({ type: 'int64', dims: [4], data: BigInt64Array.from([0n, 1n, 2n, 3n]) });

describe('Dataset', () => {
  it('slices, gathers and batches the rows of its range', () => {
    const data = Dataset.open({ images, labels, range: [1, 4] });
    expect(data.length).toBe(3);
    expect(data.shape).toEqual([2, 1, 1]);
    expect(data.slice(0, 2)).toEqual({
      images: Float32Array.from([2, 3, 4, 5]),
      labels: Int32Array.from([1, 2]),
      size: 2,
    });
    expect(data.gather([2, 0])).toEqual({
      images: Float32Array.from([6, 7, 2, 3]),
      labels: Int32Array.from([3, 1]),
      size: 2,
    });
    expect([...data.batches(2)].map(({ size }) => size)).toEqual([2, 1]);
    data.close();
  });

  it('samples rows without repetition, the same from the same seed, all where more are asked than there are', () => {
    const data = Dataset.open({ images, labels });
    const drawn = (count: number) => [...data.sampled(count, 1, 2)].flatMap((batch) => [...batch.labels]);
    expect(drawn(3)).toEqual([...new Set(drawn(3))]);
    expect(drawn(3)).toHaveLength(3);
    expect(drawn(9)).toEqual([0, 1, 2, 3]);
    data.close();
  });

  it('scales and normalizes each channel', () => {
    const data = Dataset.open({ images, labels, normalize: { scale: 0.5, mean: [0, 1], std: [1, 2] } });
    expect(Array.from(data.slice(1, 1).images)).toEqual([1, 0.25]);
    data.close();
  });

  it('reads the digits in the order of the split', () => {
    const data = Dataset.open(digits(7000, 8000));
    expect(data.length).toBe(1000);
    expect(Math.max(...data.slice(0, 100).images)).toBe(1);
    expect(new Set(data.labels).size).toBe(10);
    data.close();
  });

  it.each([
    ['a missing file', { images: join(folder, 'none.npy'), labels }, /none\.npy cannot be read/],
    [
      'images of one dimension',
      { images: npy(floats([4])), labels },
      /has shape \[4\]; images are \[N, C, H, W\]/,
    ],
    ['too few labels', { images, labels: npy(floats([3])) }, /has shape \[3\]; one label an image is \[4\]/],
    [
      'a range beyond the end',
      { images, labels, range: [2, 9] as const },
      /range \[2, 9\] does not lie within the 4 rows/,
    ],
    [
      'a mean for fewer channels',
      { images, labels, normalize: { mean: [0.5] } },
      /normalize\.mean has 1 values for the 2 channels/,
    ],
    ['a file of another format', { images: __filename, labels }, /is no \.npy file/],
  ])('refuses %s', (_, source, message) => {
    expect(() => Dataset.open(source)).toThrow(message);
  });

  it('refuses a file that was cut short', () => {
    const path = npy(pixels);
    truncateSync(path, 130);
    expect(() => Dataset.open({ images: path, labels })).toThrow(/was cut short: 130 bytes of 136/);
  });
});

it('leaves no file open, neither closed nor refused', () => {
  const next = () => {
    const file = openSync(images, 'r');
    closeSync(file);
    return file;
  };
  const before = next();
  Dataset.open({ images, labels }).close();
  expect(() => Dataset.open({ images, labels: 'none.npy' })).toThrow(/none/);
  expect(() => Dataset.open({ images, labels, range: [3, 9] })).toThrow(/range/);
  expect(next()).toBe(before);
});
