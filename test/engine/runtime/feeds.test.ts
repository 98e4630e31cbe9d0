import { Dataset } from '../../../engine/data/dataset';
import { declare } from '../../../engine/onnx/extract';
import type { Dim } from '../../../engine/onnx/dims';
import { imageInput } from '../../../engine/onnx/image-input';
import { assumeSizes } from '../../../engine/onnx/input-size';
import { macsOf } from '../../../engine/onnx/layers';
import { Session } from '../../../engine/runtime/session';
import { feederOf, randomData, randomFeeds } from '../../../engine/runtime/feeds';
import { type ElementType, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';

/** A model of which only the inputs matter. */
function taking(...inputs: [string, readonly Dim[], ElementType?][]) {
  const graph = modelOf(['x', [1]], [{ op: 'Identity', inputs: [inputs[0][0]], outputs: ['y'] }], ['y'], {});
  graph.setInterface(
    inputs.map((input) => declare(...input)),
    [declare('y')],
  );
  return graph;
}
const random = (shape: readonly number[], inputs = {}) =>
  Dataset.random({ shape, samples: 4, seed: 1, inputs });
const perSample = { type: 'float32', shape: [2], batched: true } as const;

it('images go to the first input of floats with axes beside the channels', () => {
  expect(imageInput(taking(['ids', [1, 8], 'int64'], ['a', ['n', 4]], ['b', ['n', 3, 8, 8]])).name).toBe('b');
  expect(imageInput(taking(['ids', [1, 8, 8], 'int64'], ['signal', ['n', 2, 9]])).name).toBe('signal');
  expect(imageInput(taking(['bytes', ['n', 8, 8, 3], 'uint8'], ['scale', [1]])).name).toBe('bytes');
  expect(imageInput(taking(['ids', [1], 'int64'], ['features', ['n', 4]])).name).toBe('features');
});

/** Sound [batch, samples] beside a state that goes round, [2, batch, 3], and what becomes of both. */
const streaming = () => {
  const graph = modelOf(
    ['x', ['batch', 'samples']],
    [
      { op: 'Unsqueeze', inputs: ['x', 'one'], outputs: ['u'] },
      { op: 'Conv', inputs: ['u', 'w'], outputs: ['c'] },
      { op: 'ReduceMean', inputs: ['c', 'two'], outputs: ['m'], attributes: { keepdims: 0 } },
      { op: 'ReduceMean', inputs: ['h', 'zero'], outputs: ['r'], attributes: { keepdims: 0 } },
      { op: 'Add', inputs: ['m', 'r'], outputs: ['y'] },
    ],
    ['y'],
    {
      w: randoms([3, 1, 5], 1),
      zero: int64s([0]),
      one: int64s([1]),
      two: int64s([2]),
    },
  );
  graph.setInterface(
    [declare('h', [2, 'batch', 3]), declare('x', ['batch', 'samples'])],
    [declare('y', ['batch', 3])],
  );
  return graph;
};

it('images go to what convolutions read, rather than to a state', () => {
  expect(imageInput(streaming()).name).toBe('x');
  const opaque = taking(['state', [2, 'n', 128]], ['sound', ['n', 'samples']]);
  expect(imageInput(opaque).name).toBe('sound');
});

it.each([
  ['a list, of the image input', [1, 64]],
  ['by name', { x: [1, 64], h: [2, 1, 3] }],
])('sizes are given as %s, and a state has the batch where it declares it', async (_, inputShape) => {
  const graph = streaming();
  assumeSizes(graph, inputShape);
  expect(macsOf(graph)).toBe(15 * 60);
  const { data } = randomData(graph, { inputShape, samples: 4, seed: 1 });
  const batch = data.slice(0, 4);
  const feeds = feederOf(graph, data).feeds(batch);
  expect([feeds.x.dims, feeds.h.dims]).toEqual([
    [4, 64],
    [2, 4, 3],
  ]);
  // Sample 1 is the same alone as among others.
  const alone = feederOf(graph, data).feeds(data.slice(1, 1));
  const state = feeds.h.data as Float32Array;
  expect([...(alone.h.data as Float32Array)]).toEqual([...state.slice(3, 6), ...state.slice(15, 18)]);
  const session = await Session.open(graph, { threads: 1 });
  expect((await session.run(feeds)).y.dims).toEqual([4, 3]);
  await session.close();
});

it('gives every sample a state that all share', () => {
  const whole = { type: 'float32', shape: [2, 1, 3], batched: false } as const;
  const data = random([64], { h: whole });
  const { h } = feederOf(streaming(), data).feeds(data.slice(0, 3));
  const rows = (at: number) => [...(h.data as Float32Array).slice(3 * at, 3 * at + 3)];
  expect(h.dims).toEqual([2, 3, 3]);
  expect([rows(1), rows(2), rows(4)]).toEqual([rows(0), rows(0), rows(3)]);
});

it('feeds images and further inputs by name', () => {
  const graph = taking(['mean', ['n', 2]], ['x', ['n', 3, 4, 4]]);
  const data = random([3, 4, 4], { mean: perSample });
  const feeds = feederOf(graph, data).feeds(data.slice(1, 2));
  expect(Object.entries(feeds).map(([name, { dims }]) => [name, dims])).toEqual([
    ['mean', [2, 2]],
    ['x', [2, 3, 4, 4]],
  ]);
});

it('feeds bytes to an input of bytes', () => {
  const graph = taking(['x', ['n', 2, 2, 1], 'uint8']);
  const data = random([2, 2, 1]);
  const { x } = feederOf(graph, data).feeds({
    images: Float32Array.from([-3, 0.6, 254.6, 300]),
    labels: new Int32Array(),
    size: 1,
  });
  expect(x).toEqual({ type: 'uint8', dims: [1, 2, 2, 1], data: Uint8Array.from([0, 1, 255, 255]) });
});

it.each([
  [
    'another size',
    taking(['x', ['n', 3, 8, 8]]),
    random([3, 4, 4]),
    /are \[3, 4, 4\], but input x of the model takes \[3, 8, 8\]/,
  ],
  ['another rank', taking(['x', ['n', 3, 8, 8]]), random([8, 8]), /are \[8, 8\], but input x/],
  [
    'an input without data',
    taking(['x', ['n', 3, 4, 4]], ['z', ['n']]),
    random([3, 4, 4]),
    /nothing to z: name a \.npy file/,
  ],
  [
    'data without an input',
    taking(['x', ['n', 3, 4, 4]]),
    random([3, 4, 4], { z: perSample }),
    /names z, which is not an input of the model; those are x/,
  ],
])('refuses %s', (_, graph, data, message) => {
  expect(() => feederOf(graph, data)).toThrow(message);
});

describe('random data', () => {
  const graph = taking(
    ['x', ['n', 3, 'h', 'w']],
    ['mask', ['n', 1, 'h', 'w']],
    ['ids', ['n', 5], 'int64'],
    ['scale', [], 'float64'],
    ['table', [7, 2], 'int32'],
  );

  it('takes open sizes from the image input, zeros for integers, and says so', () => {
    const { data, notes } = randomData(graph, { inputShape: [1, 3, 6, 4], samples: 4, seed: 2 });
    const feeds = feederOf(graph, data).feeds(data.slice(0, 3));
    expect(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))).toEqual({
      x: [3, 3, 6, 4],
      mask: [3, 1, 6, 4],
      ids: [3, 5],
      scale: [],
      table: [7, 2],
    });
    expect(feeds.ids.data.every((value) => value === 0n)).toBe(true);
    expect(notes).toEqual([
      'input mask is fed random numbers',
      expect.stringMatching(/input ids \(int64\) is fed zeros/),
      'input scale is fed random numbers',
      expect.stringMatching(/input table \(int32\) is fed zeros/),
    ]);
  });

  it('gives a batch of one of every input', () => {
    const feeds = randomFeeds(graph, { inputShape: [2, 3, 6, 4] });
    expect(feeds.mask.dims).toEqual([2, 1, 6, 4]);
    expect(randomFeeds(taking(['x', ['n', 3, 2, 2]])).x.dims).toEqual([1, 3, 2, 2]);
  });

  it('asks for sizes that it cannot know', () => {
    expect(() => randomFeeds(graph)).toThrow(
      /size of input x is \[n, 3, h, w\]: give its whole size \(inputSize, as in --input-size x=2x1x128\)/,
    );
    expect(() => randomFeeds(graph, { inputShape: [1, 1, 6, 4] })).toThrow(
      /input size \[1, 1, 6, 4\] does not fit input x, which takes \[n, 3, h, w\]/,
    );
  });
});
