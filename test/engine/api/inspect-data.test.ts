import { join } from 'node:path';

import { softmaxMistake } from '../../../engine/api/data-mistakes';
import { inspectData } from '../../../engine/api/inspect-data';
import { writeNpy } from '../../../engine/data/npy';
import { Random } from '../../../engine/data/random';
import type { UserData } from '../../../engine/data/sources/user-data';
import { saveModel } from '../../../engine/onnx/model';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { modelOf } from '../../support/graphs';
import { cacheIn } from '../../support/image-folders';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
const at = (name: string) => join(folder, name);
const count = 80;
const side = 4;

/** A model of pixels from 0 to 1: class 0, 1 or 2 if red, green or blue is brightest, 3 if none is above a half. */
const colours = () =>
  modelOf(
    ['x', ['batch', 3, side, side]],
    [
      { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['means'] },
      { op: 'Flatten', inputs: ['means'], outputs: ['flat'] },
      { op: 'Gemm', name: 'fc', inputs: ['flat', 'fc.weight', 'fc.bias'], outputs: ['y'] },
    ],
    ['y', ['batch', 4]],
    {
      'fc.weight': floats([3, 4], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]),
      'fc.bias': floats([4], [0, 0, 0, 0.5]),
    },
  );

const labels = Array.from({ length: count }, (_, row) => row % 4);
beforeAll(() => {
  saveModel(colours(), at('model.onnx'));
  const random = new Random(4);
  const data = new Uint8Array(count * 3 * side * side);
  for (let i = 0; i < data.length; i++) {
    const [row, channel] = [Math.floor(i / (3 * side * side)), Math.floor(i / (side * side)) % 3];
    data[i] = (channel === labels[row] ? 200 : 30) + random.below(40);
  }
  /** Reorders pixels: `from` says where a value is taken from. */
  const ordered = (from: (channel: number, pixel: number) => number, dims: number[]): Tensor => {
    const out = data.slice();
    const size = 3 * side * side;
    for (let i = 0; i < data.length; i++) {
      const [row, rest] = [Math.floor(i / size), i % size];
      out[i] = data[row * size + from(rest % 3, Math.floor(rest / 3))];
    }
    return { type: 'uint8', dims: [count, ...dims], data: out };
  };
  const plane = side * side;
  writeNpy(at('x.npy'), { type: 'uint8', dims: [count, 3, side, side], data });
  writeNpy(
    at('last.npy'),
    ordered((channel, pixel) => channel * plane + pixel, [side, side, 3]),
  );
  writeNpy(
    at('swapped-last.npy'),
    ordered((channel, pixel) => (2 - channel) * plane + pixel, [side, side, 3]),
  );
  const write = (name: string, values: number[]) =>
    writeNpy(at(name), { type: 'int32', dims: [count], data: Int32Array.from(values) });
  write('y.npy', labels);
  write(
    'from-one.npy',
    labels.map((label) => label + 1),
  );
  write(
    'background.npy',
    labels.map((label) => Math.max(0, label - 1)),
  );
});

const normalize = { scale: 1 / 255 };
const inspected = async (data: Partial<UserData>) => {
  const evaluate = { images: at('x.npy'), labels: at('y.npy'), normalize, ...data };
  return inspectData({ data: { evaluate }, model: at('model.onnx') });
};

it('data without a mistake: figures per channel, labels by class, and the metric', async () => {
  const { splits, metric, findings } = await inspected({});
  expect(findings).toEqual([]);
  expect(metric).toMatchObject({ name: 'top1', value: 100, samples: count, of: count, split: 'evaluate' });
  const { shape, channels, range, labels: own } = splits.evaluate;
  expect(shape).toEqual([3, side, side]);
  expect(own).toEqual({
    shape: [],
    least: 0,
    greatest: 3,
    perClass: [0, 1, 2, 3].map((label) => [label, count / 4]),
  });
  expect([range[0] >= Math.fround(30 / 255), range[1] <= Math.fround(239 / 255)]).toEqual([true, true]);
  // A quarter of the images is bright in a channel: from 200 to 239, others from 30 to 69.
  for (const { mean, std } of channels) {
    expect(Math.abs(mean - (219.5 + 3 * 49.5) / 4 / 255)).toBeLessThan(0.01);
    expect(Math.abs(std - Math.hypot(170 * Math.sqrt(3 / 16), 11.5) / 255)).toBeLessThan(0.01);
  }
});

it.each<[what: string, data: Partial<UserData>, finding: object]>([
  [
    'pixels from 0 to 255',
    { normalize: undefined },
    {
      what: expect.stringMatching(
        /takes pixels from 0 to 1: the metric is 100\.00 then, and 75\.00/,
      ) as string,
      fix: `set normalize: { scale: ${1 / 255} }`,
    },
  ],
  [
    'colours in the other order',
    { images: 'swapped-last.npy', layout: 'NHWC' },
    {
      what: expect.stringMatching(/RGB or BGR\): the metric is 100\.00 then, and 50\.00/) as string,
      fix: expect.stringContaining('channels: bgr') as string,
    },
  ],
  [
    'channels last',
    { images: 'last.npy' },
    {
      what: expect.stringMatching(
        /takes x as \[batch, 3, 4, 4\], and images have the shape \[4, 4, 3\]/,
      ) as string,
      fix: expect.stringContaining('layout: NHWC') as string,
    },
  ],
  [
    'labels from 1',
    { labels: 'from-one.npy' },
    { what: expect.stringMatching(/off by one/) as string, fix: 'subtract 1 from every label' },
  ],
  [
    'labels without the first class',
    { labels: 'background.npy' },
    { what: expect.stringMatching(/off by one/) as string, fix: 'add 1 to every label' },
  ],
])('finds %s, with the fix', async (_what, { images = 'x.npy', labels: own = 'y.npy', ...data }, finding) => {
  const { findings } = await inspected({ ...data, images: at(images as string), labels: at(own) });
  expect(findings).toEqual([finding]);
});

it('without a model, or without labels, data are described', async () => {
  const { splits, findings, metric } = await inspectData({ data: { train: { images: at('x.npy') } } });
  expect([splits.train.samples, splits.train.labels, findings, metric]).toEqual([
    count,
    undefined,
    [],
    undefined,
  ]);
});

describe('softmax', () => {
  /** A model that ends in these operators. */
  const ending = (...ops: string[]) => {
    const nodes = ops.map((op, n) => ({
      op,
      name: `${op}-${n}`,
      inputs: [n ? `v${n}` : 'x'],
      outputs: [n === ops.length - 1 ? 'y' : `v${n + 1}`],
    }));
    return softmaxMistake(modelOf(['x', ['batch', 4]], nodes, ['y', ['batch', 4]], {})).map(
      ({ what }) => what,
    );
  };

  it('is found if it is applied twice, or is not the last node', () => {
    expect(ending('Relu')).toEqual([]);
    expect(ending('Relu', 'Softmax')).toEqual([]);
    expect(ending('Softmax', 'Relu')).toEqual([]);
    expect(ending('Relu', 'Softmax', 'Flatten')).toEqual([
      expect.stringContaining('ends in Softmax-1, and cross-entropy'),
    ]);
    expect(ending('Softmax', 'Identity', 'Softmax')).toEqual([
      expect.stringContaining('ends in Softmax-2 and Softmax-0'),
    ]);
  });
});
