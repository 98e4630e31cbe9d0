import { eventsBetween, waitsOf } from '../../client/events';
import type { Observation } from '../../client/observation';
import { runningRow, seen, tuning } from '../support/observations';

const typesOf = (before: Observation | undefined, after: Observation) =>
  eventsBetween(before, after).map(({ type }) => type);

describe('what happened from one look at a run to the next', () => {
  it('is all so far at the first look, in the order of the guidebook', () => {
    const original = { macs: 10, params: 5, metric: 98 };
    const scoring = [{ of: 'original', technique: 'spatial-svd', done: 2, total: 3 }] as const;
    const first = seen({ original, scoring, notes: ['n'], ...tuning(7) });
    expect(eventsBetween(undefined, first)).toEqual([
      { type: 'run', workflowId: 'w', runId: 'r', isReset: false },
      { type: 'goal', name: 'resnet', target: 0.5, tolerance: 1, cost: 'macs' },
      { type: 'original', ...original },
      { type: 'stage', stage: 'SVD' },
      { type: 'score', ...scoring[0] },
      { type: 'candidate', ...runningRow },
      {
        type: 'epoch',
        candidate: 'ssvd-0.50',
        activity: 'fineTune',
        attempt: 1,
        done: 7,
        total: 100,
        note: 'step 7',
      },
      { type: 'note', text: 'n' },
    ]);
    expect(eventsBetween(first, first)).toEqual([]);
  });

  it('is what changed: figures, heartbeats, tries, targets', () => {
    const before = seen(tuning(7));
    expect(typesOf(before, seen(tuning(9)))).toEqual(['epoch']);
    expect(typesOf(before, seen(tuning(7, 2)))).toEqual(['epoch']);
    expect(typesOf(before, seen({ ...tuning(7), target: 0.4 }))).toEqual(['goal']);
    expect(typesOf(before, seen({ ...tuning(7), stage: 'pick' }))).toEqual(['stage']);
    const done = { ...runningRow, status: 'done', achieved: 0.5, drop: 0.2 } as const;
    expect(eventsBetween(before, seen({ candidates: [done] }))).toEqual([{ type: 'candidate', ...done }]);
  });

  it('does not tell of a checkpoint alone', () => {
    const at = { done: 7, total: 100, note: 'step 7', checkpoint: { uri: 'u', sha256: 's', bytes: 1 } };
    const doing = { 'ssvd-0.50': { activity: 'fineTune', attempt: 1, at } };
    expect(eventsBetween(seen(tuning(7)), seen({ doing }))).toEqual([]);
  });

  it('is a wait and its end: for the server, a worker, people', () => {
    const quiet = seen({}, { silent: 'server' });
    expect(eventsBetween(seen(), quiet)).toEqual([{ type: 'waiting', for: 'server' }]);
    expect(eventsBetween(quiet, seen({}, { silent: 'worker' }))).toEqual([
      { type: 'continued', after: 'server' },
      { type: 'waiting', for: 'worker' },
    ]);
    const paused = { by: 'ana@here', reason: 'GPU', at: '2026-01-01T00:00:00Z' };
    const waiting = { for: 'picks', proposed: ['ssvd-0.50'], until: '2026-01-04T00:00:00Z' } as const;
    const held = seen({ paused, waiting });
    expect(waitsOf(held)).toEqual([{ for: 'resume', ...paused }, waiting]);
    expect(typesOf(seen(), held)).toEqual(['waiting', 'waiting']);
    const decisions = [{ at: '2026-01-02T00:00:00Z', what: 'approved the picks', by: 'ana@here' }];
    expect(eventsBetween(held, seen({ decisions }))).toEqual([
      { type: 'decision', ...decisions[0] },
      { type: 'continued', after: 'resume' },
      { type: 'continued', after: 'picks' },
    ]);
    expect(typesOf(seen({ decisions }), seen({ decisions }))).toEqual([]);
  });

  it('is a reset, and the end with what it came to', () => {
    expect(eventsBetween(seen(), seen({}, { runId: 'other' }))).toEqual([
      { type: 'run', workflowId: 'w', runId: 'other', isReset: true },
    ]);
    const error = new Error('gone');
    const ended = seen({}, { end: { status: 'failed', reason: 'gone', error } });
    expect(eventsBetween(seen({}, { silent: 'worker' }), ended)).toEqual([
      { type: 'continued', after: 'worker' },
      { type: 'end', status: 'failed', reason: 'gone' },
    ]);
  });

  it('is only a wait while nothing is known of the run', () => {
    const unknown: Observation = { workflowId: 'w', silent: 'server' };
    expect(typesOf(undefined, unknown)).toEqual(['waiting']);
    expect(typesOf(unknown, seen())).toEqual(['run', 'goal', 'stage', 'candidate', 'continued']);
  });
});
