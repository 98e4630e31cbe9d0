import { checkReachable } from '../../../engine/jobs/reachable';
import type { Goal, LayerSummary } from '../../../engine/jobs/types';
import type { Technique } from '../../../engine/names';

const layer = (name: string, macs: number, ...techniques: Technique[]): LayerSummary => ({
  name,
  kind: 'Conv',
  kernel: [],
  stride: [],
  input: [],
  output: [],
  macs,
  params: macs / 10,
  techniques,
});
const model = {
  macs: 100,
  params: 10,
  layers: [
    layer('stem', 30),
    layer('body', 50, 'spatial-svd', 'channel-pruning'),
    layer('head', 20, 'channel-pruning'),
  ],
};
const goal: Goal = { target: 0.2, closeness: 0.02, cost: 'macs', techniques: ['spatial-svd'] };

it('a target below what no technique can change is refused, with the floor and its layers', () => {
  expect(() => checkReachable(model, goal)).toThrow(
    /^target 0\.2 can't be reached: 0\.500 of the model's MACs are in layers that spatial-svd can't change \(stem, head\); ask for more/,
  );
  expect(() => checkReachable(model, { ...goal, cost: 'params' })).toThrow(
    /0\.500 of the model's parameters/,
  );
});

it.each([
  ['is just within reach', { target: 0.48 }],
  ['another technique can reach', { target: 0.3, techniques: ['spatial-svd', 'channel-pruning'] as const }],
  ['is of a model that nothing fits', { techniques: ['weight-svd'] as const }],
  ['is a latency', { cost: 'latency' as const }],
])('a target that %s is not refused', (_, change) => {
  expect(() => checkReachable(model, { ...goal, ...change })).not.toThrow();
});
