import { isQueueOf, polledQueues, queueKindFor, queueOf } from '../../contract/task-queues';

it.each([
  ['cpu', 'shared', undefined],
  ['cuda', 'shared', undefined],
  ['auto', 'by-need', undefined],
  ['cpu', 'by-need', 'cpu'],
  ['cuda', 'by-need', 'gpu'],
  ['webgpu', 'by-need', 'gpu'],
] as const)('work for %s, queues %s', (provider, queues, kind) =>
  expect(queueKindFor({ provider, queues })).toBe(kind),
);

it('a queue is called by that of the workflow', () => {
  expect(queueOf('base', undefined)).toBe('base');
  expect(queueOf('base', 'gpu')).toBe('base-gpu');
  expect(isQueueOf('base-gpu', 'gpu')).toBe(true);
  expect(isQueueOf('base-gpu', 'large')).toBe(false);
});

it.each([
  ['cpu', [], ['base (workflows)', 'base-cpu']],
  ['gpu', [], ['base', 'base-gpu']],
  ['large', [], ['base-large']],
  ['all', [], ['base (workflows)', 'base-cpu', 'base-gpu', 'base-large']],
  ['all', ['gpu'], ['base (workflows)', 'base-cpu', 'base-large']],
  ['latency', [], ['base']],
] as const)('a worker for %s, except %j, polls %j', (queue, except, names) =>
  expect(
    polledQueues('base', queue, except).map(
      ({ taskQueue, workflows }) => `${taskQueue}${workflows ? ' (workflows)' : ''}`,
    ),
  ).toEqual(names),
);
