import { Dataset } from '../../../engine/data/dataset';
import { declare } from '../../../engine/onnx/extract';
import type { Dim } from '../../../engine/onnx/dims';
import { feederOf, imageInput, randomData, randomFeeds } from '../../../engine/runtime/feeds';
import type { ElementType } from '../../../engine/tensor/tensor';
import { modelOf } from '../../support/graphs';

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
      /size of input x is \[n, 3, h, w\]: give the image input's whole size/,
    );
    expect(() => randomFeeds(graph, { inputShape: [1, 1, 6, 4] })).toThrow(
      /input size \[1, 1, 6, 4\] does not fit input x, which takes \[n, 3, h, w\]/,
    );
  });
});
