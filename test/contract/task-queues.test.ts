import { queueKindFor, queueOf } from '../../contract/task-queues';

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
});
