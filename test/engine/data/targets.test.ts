import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { metricOf } from '../../../engine/data/metric';
import type { Metric } from '../../../engine/data/metric-rule';
import { Spread } from '../../../engine/data/spread';
import { sizeOf } from '../../../engine/tensor/tensor';
import { root } from '../../support/paths';

/** The record of a case by make_metrics.py; the figures by the names of metrics and errors. */
interface Golden {
  readonly shape: readonly number[];
  readonly outputs: readonly number[];
  readonly labels: readonly number[];
  readonly [figure: string]: unknown;
}
const goldens = JSON.parse(
  readFileSync(join(root, 'test', 'golden', 'engine', 'metrics.json'), 'utf8'),
) as Record<'yes or no' | 'numbers', Record<string, Golden>>;

/** Feeds samples in batches of `size`, and takes the metric apart and together again after the first. */
function fed(
  begin: () => Metric,
  { shape: [samples, ...rest], outputs, labels }: Golden,
  size: number,
): Metric {
  let metric = begin();
  const width = sizeOf(rest);
  const integers = labels.every(Number.isInteger);
  for (let at = 0; at < samples; at += size) {
    const [first, count] = [at * width, Math.min(size, samples - at)];
    const part = labels.slice(first, first + count * width);
    metric.add(
      Float32Array.from(outputs.slice(first, first + count * width)),
      integers ? Int32Array.from(part) : Float32Array.from(part),
      [count, ...rest],
    );
    if (at) continue;
    const again = begin();
    again.state = structuredClone(metric.state);
    metric = again;
  }
  return metric;
}

describe.each(Object.entries(goldens['yes or no']))('labels of 0 and 1: %s', (_, golden) => {
  it.each(['mean-average-precision', 'f1-micro'] as const)('%s is scikit-learn’s', (name) => {
    const begin = () => metricOf(name, { threshold: golden.threshold as number });
    for (const size of [1, 7, 100])
      expect(fed(begin, golden, size).value()).toBeCloseTo(golden[name] as number, 9);
  });
});

describe.each(Object.entries(goldens.numbers))('numbers: %s', (_, golden) => {
  it.each(['r2', 'rmse-score', 'mae-score'] as const)('%s is scikit-learn’s', (name) => {
    for (const size of [1, 7, 100]) {
      const metric = fed(() => metricOf(name), golden, size);
      expect(metric.value()).toBeCloseTo(golden[name] as number, 9);
      const { meanAbsoluteError, rootMeanSquaredError } = metric.errors!();
      expect(meanAbsoluteError).toBeCloseTo(golden.meanAbsoluteError as number, 12);
      expect(rootMeanSquaredError).toBeCloseTo(golden.rootMeanSquaredError as number, 12);
    }
  });
});

it('a model that is worse than the mean of the labels scores below 0, an exact one 100', () => {
  const judged = (outputs: number[]) => {
    const metric = metricOf('r2');
    metric.add(Float32Array.from(outputs), Float32Array.from([1, 3]), [2, 1]);
    return metric.value();
  };
  expect([judged([1, 3]), judged([2, 2]), judged([3, 1])]).toEqual([100, 0, -300]);
});

it('means far from 0 cost no digits', () => {
  const spread = new Spread();
  for (let at = 0; at < 1000; at++) spread.add([1e8 + (at % 2), 3], [2]);
  expect(spread.variance).toBeCloseTo(0.125, 6);
});

describe.each(['mean-average-precision', 'f1-micro', 'r2', 'rmse-score', 'mae-score'] as const)(
  '%s',
  (name) => {
    it('leaves out what is not known', () => {
      const judged = (rows: readonly (readonly [output: number, label: number])[]) => {
        const metric = metricOf(name);
        for (const [output, label] of rows)
          metric.add(Float32Array.of(output, 0.5), Float32Array.of(label, NaN), [1, 2]);
        return [metric.value(), metric.errors?.()];
      };
      const known = [
        [0.5, 1],
        [-2, 0],
        [-0.25, 1],
        [0.125, 0],
      ] as const;
      const [all, some] = [judged(known), judged([[9, NaN], ...known, [-9, NaN]])];
      expect(some).toEqual(all);
    });
  },
);

it('nothing yes, labelled or found, is an F1 of 0', () => {
  const metric = metricOf('f1-micro');
  metric.add(Float32Array.from([-1, -2]), Int32Array.from([0, 0]), [1, 2]);
  expect(metric.value()).toBe(0);
});

describe('what cannot be judged is told', () => {
  const add = (
    name: Parameters<typeof metricOf>[0],
    outputs: number[],
    labels: Int32Array | Float32Array,
  ) => {
    const metric = metricOf(name);
    metric.add(Float32Array.from(outputs), labels, [1, outputs.length]);
    return metric.value();
  };
  it.each([
    ['top1', [1, 2], Float32Array.of(1), /metric top1 needs class numbers, but the labels are floats/],
    ['r2', [1, 2], Float32Array.of(1), /metric r2 needs 2 labels for a batch, and got 1/],
    ['r2', [1, Infinity], Float32Array.of(1, 2), /computes NaN or infinities/],
    ['mae-score', [1, 2], Float32Array.of(1, Infinity), /labels are finite/],
    [
      'mae-score',
      [1, 2],
      Float32Array.of(NaN, NaN),
      /mae-score has nothing to compare: all labels are unknown/,
    ],
    [
      'rmse-score',
      [1, 2],
      Float32Array.of(5, 6),
      /rmse-score measures errors relative to the spread of labels/,
    ],
    ['f1-micro', [1, 2], Float32Array.of(0.5, 1), /needs labels of 0 and 1, but one is 0\.5: round/],
    ['f1-micro', [NaN, 2], Int32Array.of(0, 1), /computes NaN/],
    ['mean-average-precision', [1, 2], Int32Array.of(0, 0), /no sample has any.*choose f1-micro/],
    ['mean-average-precision', [1, 2], Int32Array.of(0, 2), /one is 2/],
  ] as const)('%s of outputs %j', (name, outputs, labels, message) => {
    expect(() => add(name, [...outputs], labels)).toThrow(message);
  });

  it('average precision takes scores of samples, not of pixels', () => {
    const metric = metricOf('mean-average-precision');
    expect(() => metric.add(new Float32Array(8), new Int32Array(8), [1, 2, 2, 2])).toThrow(
      /needs one score per class, \[N, K\]/,
    );
  });
});
