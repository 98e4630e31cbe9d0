import { closeSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { writeNpy } from '../../../engine/data/npy';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { digits } from '../../support/paths';

const folder = temporaryFolder();
let files = 0;
const npy = (tensor: Tensor) => {
  const path = join(folder, `${files++}.npy`);
  writeNpy(path, tensor);
  return path;
};
const pixels: Tensor = { type: 'uint8', dims: [4, 2, 1, 1], data: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]) };
const images = npy(pixels);
const labels = npy({ type: 'int64', dims: [4], data: BigInt64Array.from([0n, 1n, 2n, 3n]) });

const labelsOf = (data: Dataset) => [...data.eachLabels()].flatMap((labels) => [...labels]);

describe('Dataset', () => {
  it('slices, gathers and batches the rows of its range', () => {
    const data = Dataset.open({ images, labels, range: [1, 4] });
    expect(data.length).toBe(3);
    expect(data.shape).toEqual([2, 1, 1]);
    expect(data.slice(0, 2)).toEqual({
      images: Float32Array.from([2, 3, 4, 5]),
      labels: Int32Array.from([1, 2]),
      rows: [1, 2],
      size: 2,
    });
    expect(data.gather([2, 0])).toEqual({
      images: Float32Array.from([6, 7, 2, 3]),
      labels: Int32Array.from([3, 1]),
      rows: [3, 1],
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

  it('draws samples as a data set of their own, which reads the same files', () => {
    const again = npy(pixels);
    const data = Dataset.open({ images, labels, range: [1, 4], inputs: { again } });
    const [some, same] = [data.drawn(2, 5), data.drawn(2, 5)];
    expect([some.length, some.shape]).toEqual([2, data.shape]);
    expect(labelsOf(some)).toEqual(labelsOf(same));
    const rows = labelsOf(some).map((label) => label - 1); // the range begins at label 1
    expect(new Set(rows).size).toBe(2);
    expect(some.slice(0, 2)).toEqual(data.gather(rows));
    expect(some.gather([1])).toEqual(data.gather([rows[1]]));
    expect(labelsOf(data.drawn(3, 1)).sort()).toEqual([1, 2, 3]);
    some.close();
    expect(data.slice(0, 1).size).toBe(1);
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
    expect(new Set(labelsOf(data)).size).toBe(10);
    data.close();
  });

  it.each([
    ['a missing file', { images: join(folder, 'none.npy'), labels }, /none\.npy cannot be read/],
    [
      'images of one dimension',
      { images: npy(floats([4])), labels },
      /has shape \[4\]; images must be \[N, C, H, W\]/,
    ],
    [
      'too few labels',
      { images, labels: npy(floats([3])) },
      /has shape \[3\]; with one label per image it must be \[4\]/,
    ],
    [
      'a range beyond the end',
      { images, labels, range: [2, 9] as const },
      /range \[2, 9\] is not within the 4 rows/,
    ],
    [
      'a mean for fewer channels',
      { images, labels, normalize: { mean: [0.5] } },
      /normalize\.mean has 1 values for the 2 channels/,
    ],
    ['a file of another format', { images: __filename, labels }, /is not a \.npy file/],
  ])('refuses %s', (_, source, message) => {
    expect(() => Dataset.open(source)).toThrow(message);
  });

  it('refuses a file that was cut short', () => {
    const path = npy(pixels);
    truncateSync(path, 130);
    expect(() => Dataset.open({ images: path, labels })).toThrow(/is cut short: it has 130 of 136 bytes/);
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

describe('beyond images and labels', () => {
  const batchOf = (data: Dataset, rows: number[]) => {
    const batch = data.gather(rows);
    data.close();
    return batch;
  };

  it('does without labels, and says so where they are needed', () => {
    const data = Dataset.open({ images });
    expect(data.labelled).toBe(false);
    expect(data.slice(0, 2).labels).toHaveLength(0);
    expect(() => data.requireLabels()).toThrow(/has (no labels|none).*score by fidelity/);
    data.close();
  });

  it('turns images with their channels last, and normalizes each channel', () => {
    const nhwc = npy({ type: 'uint8', dims: [1, 1, 3, 2], data: Uint8Array.from([1, 10, 2, 20, 3, 30]) });
    const normalize = { mean: [1, 10], std: [1, 10] };
    const data = Dataset.open({ images: nhwc, layout: 'NHWC', normalize });
    expect(data.shape).toEqual([2, 1, 3]);
    expect(Array.from(batchOf(data, [0]).images)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('normalizes the last axis of images that a model takes with their channels last', () => {
    const nhwc = npy({ type: 'uint8', dims: [1, 1, 3, 2], data: Uint8Array.from([1, 10, 2, 20, 3, 30]) });
    const data = Dataset.open({ images: nhwc, normalize: { mean: [1, 10] } });
    expect(Array.from(batchOf(data, [0]).images)).toEqual([0, 0, 1, 10, 2, 20]);
  });

  it.each(['float32', 'float64', 'uint8'] as const)('reads signals and volumes of %s', (type) => {
    const array = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array }[type];
    const signal = npy({ type, dims: [2, 1, 3], data: array.from([1, 2, 3, 4, 5, 6]) });
    const data = Dataset.open({ images: signal });
    expect(data.shape).toEqual([1, 3]);
    expect(Array.from(batchOf(data, [1]).images)).toEqual([4, 5, 6]);
  });

  it('reads a label for each of many classes', () => {
    const many = npy({
      type: 'uint8',
      dims: [4, 3],
      data: Uint8Array.from({ length: 12 }, (_, at) => at % 2),
    });
    const data = Dataset.open({ images, labels: many });
    expect(data.labelShape).toEqual([3]);
    expect(data.gather([1, 3]).labels).toEqual(Int32Array.from([1, 0, 1, 1, 0, 1]));
    data.close();
  });

  it('reads one label per pixel', () => {
    const masks = npy({ type: 'uint8', dims: [4, 1, 1], data: Uint8Array.from([7, 8, 9, 255]) });
    expect(Array.from(batchOf(Dataset.open({ images, labels: masks }), [3, 0]).labels)).toEqual([255, 7]);
    const wide = npy({ type: 'uint8', dims: [4, 2, 1], data: new Uint8Array(8) });
    const fits = npy(floats([4, 1, 2, 1]));
    expect(batchOf(Dataset.open({ images: fits, labels: wide }), [0]).labels).toHaveLength(2);
  });

  it('reads floats of any width, booleans, and labels of any shape', () => {
    const wide = npy({
      type: 'float64',
      dims: [4, 3, 2],
      data: Float64Array.from({ length: 24 }, (_, at) => at / 8),
    });
    const data = Dataset.open({ images, labels: wide, range: [1, 4] });
    expect([data.floatLabels, data.labelShape]).toEqual([true, [3, 2]]);
    expect(data.gather([0, 2]).labels).toEqual(
      Float32Array.from(
        [...Array(6).keys(), ...[...Array(6).keys()].map((at) => at + 12)],
        (at) => (at + 6) / 8,
      ),
    );
    data.close();
    const flags = npy({ type: 'bool', dims: [4, 2], data: Uint8Array.from([0, 1, 1, 1, 0, 0, 1, 0]) });
    expect(batchOf(Dataset.open({ images, labels: flags }), [1, 3]).labels).toEqual(
      Int32Array.of(1, 1, 1, 0),
    );
  });

  it('turns labels that lie as images do with their channels last', () => {
    const nhwc = npy(
      floats(
        [2, 1, 3, 2],
        Float32Array.from({ length: 12 }, (_, at) => at),
      ),
    );
    const data = Dataset.open({ images: nhwc, labels: nhwc, layout: 'NHWC' });
    expect(data.labelShape).toEqual([2, 1, 3]);
    expect(data.slice(1, 1).labels).toEqual(data.slice(1, 1).images);
    expect(batchOf(data, [0]).labels).toEqual(Float32Array.of(0, 2, 4, 1, 3, 5));
  });

  it('has NaN for what a label says is not known', () => {
    const depths = npy({ type: 'uint16', dims: [4, 2], data: Uint16Array.from([0, 5, 7, 0, 1, 2, 3, 4]) });
    const data = Dataset.open({ images, labels: depths, unknown: 0 });
    expect([data.floatLabels, data.unknownLabels]).toEqual([true, true]);
    expect(batchOf(data, [0, 1]).labels).toEqual(Float32Array.of(NaN, 5, 7, NaN));
    const gaps = npy(floats([4], [1, NaN, 0, 2]));
    expect(batchOf(Dataset.open({ images, labels: gaps, unknown: 'nan' }), [1, 2]).labels).toEqual(
      Float32Array.of(NaN, 0),
    );
  });

  it('finds a wrong label wherever it stands, reading some samples at a time', () => {
    const rows = 5;
    const width = 2 ** 19;
    const many = npy({
      type: 'uint8',
      dims: [rows, width],
      data: new Uint8Array(rows * width).fill(7, 3 * width + 9),
    });
    const few = npy(floats([rows, 1]));
    const data = Dataset.open({ images: few, labels: many, range: [1, 5] });
    expect([...data.eachLabels()].map((labels) => labels.length / width)).toEqual([2, 2]);
    expect(data.findLabel((label) => label > 0)).toEqual({ label: 7, row: 2, fileRow: 3 });
    expect(data.findLabel((label) => label > 7)).toBeUndefined();
    data.close();
  });

  it('slices further inputs with one row per image, and feeds others whole', () => {
    const rows = npy({
      type: 'int64',
      dims: [4, 2],
      data: BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]),
    });
    const scale = npy(floats([1], [2]));
    const data = Dataset.open({ images, labels, range: [1, 4], inputs: { rows, scale } });
    expect(data.inputs).toEqual(['rows', 'scale']);
    expect(batchOf(data, [2, 0]).inputs).toEqual({
      rows: { type: 'int64', dims: [2, 2], data: BigInt64Array.from([6n, 7n, 2n, 3n]) },
      scale: floats([1], [2]),
    });
  });

  it('draws standard normal samples, the same in any batches', () => {
    const draw = () =>
      Dataset.random({
        shape: [2, 30, 30],
        samples: 8,
        seed: 3,
        inputs: {
          noise: { type: 'float32', shape: [2], batched: true },
          index: { type: 'int64', shape: [], batched: false },
        },
      });
    const whole = draw().slice(0, 8);
    const values = Array.from(whole.images);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    expect(draw().gather([5]).images).toEqual(whole.images.slice(5 * 1800, 6 * 1800));
    expect(draw().gather([5]).inputs!.noise.data).toEqual(whole.inputs!.noise.data.slice(10, 12));
    expect(whole.inputs!.index).toEqual({ type: 'int64', dims: [], data: BigInt64Array.from([0n]) });
    const other = Dataset.random({ shape: [2, 30, 30], samples: 8, seed: 4 });
    expect(other.slice(0, 1).images).not.toEqual(whole.images.slice(0, 1800));
  });
});
