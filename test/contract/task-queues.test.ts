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
  ['cpu', ['base', 'base-cpu']],
  ['gpu', ['base-gpu']],
  ['large', ['base-large']],
  ['all', ['base', 'base-cpu', 'base-gpu', 'base-large']],
  ['latency', ['base']],
] as const)('a worker for %s polls %j', (queue, names) => expect(polledQueues('base', queue)).toEqual(names));
