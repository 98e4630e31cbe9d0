import { metricOf } from '../../../engine/data/metric';
import { sizeOf } from '../../../engine/tensor/tensor';

it('top-1 accuracy is the share of samples whose largest output is their label, in points', () => {
  const metric = metricOf('top1');
  metric.add(Float32Array.from([0.1, 0.9, 0.8, 0.2]), Int32Array.from([1, 1]), [2, 2]);
  metric.add(Float32Array.from([5, -1]), Int32Array.from([0]), [1, 2]);
  expect(metric.value()).toBeCloseTo(200 / 3);
});

it('of equal outputs the first is the largest, and a label that is not a class is a miss', () => {
  const metric = metricOf('top1');
  metric.add(Float32Array.from([1, 1, 1, 1, 1, 1]), Int32Array.from([0, 1]), [2, 3, 1, 1]);
  metric.add(Float32Array.from([1, 2]), Int32Array.from([-1]), [1, 2]);
  expect(metric.value()).toBeCloseTo(100 / 3);
});

it('top-5 accuracy takes the label among the five largest', () => {
  const metric = metricOf('top5');
  const scores = Float32Array.from([7, 6, 5, 4, 3, 2, 1]);
  metric.add(Float32Array.from([...scores, ...scores]), Int32Array.from([4, 5]), [2, 7]);
  expect(metric.value()).toBe(50);
});

describe('metrics of pixels', () => {
  // Two images of 1x2 pixels, three classes: found are classes 0, 2 and 1, 1.
  const outputs = Float32Array.from([9, 0, 0, 0, 0, 9, 0, 0, 9, 9, 0, 0]);
  const dims = [2, 3, 1, 2];

  it('pixel accuracy leaves out pixels whose label is not a class', () => {
    const metric = metricOf('pixel-accuracy');
    metric.add(outputs, Int32Array.from([0, 1, 1, 255]), dims);
    expect(metric.value()).toBeCloseTo(200 / 3);
  });

  it('mean IoU averages over the classes that are labelled or found', () => {
    const metric = metricOf('mean-iou');
    metric.add(outputs.slice(0, 6), Int32Array.from([0, 1]), [1, 3, 1, 2]);
    metric.add(outputs.slice(6), Int32Array.from([1, 1]), [1, 3, 1, 2]);
    // class 0: 1/1, class 1: 2/3, class 2: 0/1
    expect(metric.value()).toBeCloseTo((100 * (1 + 2 / 3)) / 3);
  });
});

it.each([
  ['top1', [2, 3, 4, 4], 2, /first output is \[2, 3, 4, 4\], but metric top1 needs one score per class/],
  ['mean-iou', [2, 3], 2, /metric mean-iou needs one score per class and pixel/],
  ['top5', [2, 3], 3, /metric top5 needs 2 labels for a batch, and got 3/],
  ['pixel-accuracy', [1, 2, 2, 2], 1, /needs 4 labels for a batch, and got 1/],
] as const)('%s refuses outputs [%s] with %d labels', (name, dims, labels, message) => {
  const size = sizeOf(dims);
  expect(() => metricOf(name).add(new Float32Array(size), new Int32Array(labels), dims)).toThrow(message);
});

it('refuses NaN', () => {
  expect(() => metricOf('top1').add(Float32Array.from([NaN, 1]), Int32Array.from([1]), [1, 2])).toThrow(
    /computes NaN/,
  );
});
