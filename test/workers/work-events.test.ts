import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

import { endingOf, endingText } from '../../workers/work-events';

const failure = (type: string, nonRetryable: boolean, nextRetryDelay?: number) =>
  ApplicationFailure.create({ message: 'why', type, nonRetryable, nextRetryDelay });

it.each([
  [new CancelledFailure('x'), 'info', 'evaluate cancelled after 12 s'],
  [failure('WorkerShutdown', false, 100), 'info', 'evaluate handed back after 12 s: why'],
  [failure('NoRoom', false, 100), 'info', 'evaluate handed back after 12 s: why'],
  [
    failure('StoreUnreachable', false, 3500),
    'warn',
    'evaluate failed after 12 s, is tried again in 4 s: StoreUnreachable: why',
  ],
  [failure('Diverged', true), 'error', 'evaluate failed for good after 12 s: Diverged: why'],
  [new TypeError('why'), 'warn', 'evaluate failed after 12 s, is tried again: TypeError: why'],
])('%p is logged as %s', (error, level, text) =>
  expect(endingText('evaluate', endingOf(error, false), 12)).toEqual({ level, text }),
);

it('says if a result was computed or known', () => {
  expect(endingText('evaluate', { state: 'done', known: false }, 1.25).text).toBe('evaluate done in 1.3 s');
  expect(endingText('evaluate', { state: 'done', known: true }, 0.1).text).toMatch(/was in the store/);
});
