import { metricOf } from '../../../engine/data/metric';

it('top-1 accuracy is the share of samples whose largest output is their label, in points', () => {
  const metric = metricOf('top1');
  metric.add(Float32Array.from([0.1, 0.9, 0.8, 0.2]), Int32Array.from([1, 1]));
  metric.add(Float32Array.from([5, -1]), Int32Array.from([0]));
  expect(metric.value()).toBeCloseTo(200 / 3);
});
