import { metricOf } from '../../../engine/data/metric';
import type { MetricName } from '../../../engine/names';
import { Random } from '../../../engine/data/random';
import { sizeOf } from '../../../engine/tensor/tensor';

/** Samples of a model that is right more often than not. */
interface Samples {
  readonly dims: readonly number[];
  readonly outputs: Float32Array;
  readonly labels: Int32Array | Float32Array;
}

const random = new Random(7);
const drawn = (size: number) => Float32Array.from({ length: size }, () => random.next());

/** The metric over some samples, by their numbers. */
function over(
  name: MetricName,
  { dims: [n, ...rest], outputs, labels }: Samples,
  kept: (at: number) => boolean,
) {
  const metric = metricOf(name, { threshold: 0.5 });
  const [width, own] = [sizeOf(rest), labels.length / n];
  for (let at = 0; at < n; at++)
    if (kept(at))
      metric.add(outputs.subarray(at * width, (at + 1) * width), labels.slice(at * own, (at + 1) * own), [
        1,
        ...rest,
      ]);
  return metric;
}

/** Standard error by the jackknife: the spread of the values that leave one sample out. */
function jackknife(name: MetricName, samples: Samples): number {
  const [n] = samples.dims;
  const left = Array.from({ length: n }, (_, out) => over(name, samples, (at) => at !== out).value());
  const mean = left.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(((n - 1) / n) * left.reduce((sum, value) => sum + (value - mean) ** 2, 0));
}

const n = 200;
const classes: Samples = {
  dims: [n, 7],
  outputs: drawn(n * 7),
  labels: Int32Array.from({ length: n }, (_, at) => at % 7),
};
const pixels: Samples = {
  dims: [n, 2, 3, 3],
  outputs: drawn(n * 18),
  // Some images are easier than others, and some pixels have no label.
  labels: Int32Array.from({ length: n * 9 }, (_, at) => (at % 11 ? Number(at % (2 + (at % 3)) === 0) : 255)),
};
const answers: Samples = {
  dims: [n, 4],
  outputs: drawn(n * 4),
  labels: Int32Array.from({ length: n * 4 }, (_, at) => Number((at * at) % 3 === 0)),
};
const numbers: Samples = { dims: [n, 2], outputs: drawn(n * 2), labels: drawn(n * 2) };

it.each([
  ['top1', classes],
  ['top5', classes],
  ['pixel-accuracy', pixels],
  ['f1-micro', answers],
  ['r2', numbers],
  ['rmse-score', numbers],
  ['mae-score', numbers],
] as const)('the standard error of %s is nearly that of the jackknife', (name, samples) => {
  const metric = over(name, samples, () => true);
  const resumed = metricOf(name, { threshold: 0.5 });
  resumed.state = structuredClone(metric.state);
  expect(metric.standardError!()).toBeGreaterThan(0);
  expect(resumed.standardError!()).toBe(metric.standardError!());
  // The labels' own spread is drawn again by the jackknife, but known to the metrics of numbers.
  expect(Math.abs(metric.standardError!()! / jackknife(name, samples) - 1)).toBeLessThan(0.2);
});

it('of accuracy it is that of a share, and 0 if every sample is right', () => {
  const metric = over('top1', classes, () => true);
  const share = metric.value() / 100;
  expect(metric.standardError!()).toBeCloseTo(100 * Math.sqrt((share * (1 - share)) / n), 9);
  const right = metricOf('top1');
  right.add(Float32Array.from([1, 0, 1, 0]), Int32Array.from([0, 0]), [2, 2]);
  expect(right.standardError!()).toBe(0);
});

it.each(['mean-iou', 'mean-average-precision'] as const)('%s has none', (name) =>
  expect('standardError' in metricOf(name)).toBe(false),
);
