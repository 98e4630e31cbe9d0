import type { LiveProgress } from '../../client/observation';
import { doingText, statusLines } from '../../report/progress';

const plan = { technique: 'spatial-svd', parent: null, round: 0, workflowId: 'w', asked: 0.5 } as const;
const progress: LiveProgress = {
  name: 'resnet',
  target: 0.5,
  tolerance: 1,
  cost: 'macs',
  stage: 'SVD',
  original: { macs: 31e6, params: 1, metric: 98 },
  judgements: [],
  scoring: [
    { of: 'original', technique: 'spatial-svd', done: 1, total: 2 },
    { of: 'finished', technique: 'spatial-svd', done: 2, total: 2 },
  ],
  candidates: [
    { ...plan, id: 'a', status: 'running' },
    {
      ...plan,
      id: 'bb',
      status: 'done',
      achieved: 0.5,
      metricBefore: 90,
      metricAfter: 98,
      drop: 0,
      decision: 'picked',
    },
    { ...plan, id: 'c', status: 'failed', decision: 'failed: diverged' },
  ],
  notes: [],
  decisions: [],
  doing: {
    a: { activity: 'fineTune', attempt: 2, at: { done: 1, total: 4, note: 'epoch 1', secondsLeft: 90 } },
  },
};

it('the status says where the run is, and what each candidate is at', () => {
  expect(statusLines(progress, 75, { scoringLeft: { 'original/spatial-svd': 7 } })).toEqual([
    'resnet to 0.5 of its MACs, with a drop of at most 1   1:15',
    '[######..............] step 2, SVD: making and fine-tuning candidates',
    'original: 31.00 million MACs, metric 98.00',
    '[##########..........] spatial-svd of original: layer 1 of 2 scored, 7 s left',
    '  a   fine-tuning 25 %, epoch 1, 1 min 30 s left (try 2)',
    '  bb  ratio 0.500, metric 90.00 → 98.00, drop 0.00: picked',
    '  c   failed: diverged',
  ]);
});

it('a candidate that nobody works on waits', () => {
  expect(doingText(undefined)).toBe('waiting');
  expect(doingText({ activity: 'compress', attempt: 1 })).toBe('compressing');
});
