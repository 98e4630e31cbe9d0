import { chooseRun } from '../../client/find-run';
import { fitsMemo, visibilityQuery } from '../../client/list-runs';

const run = (workflowId: string, status: 'running' | 'completed' = 'completed') => ({ workflowId, status });
const runs = [
  run('slimflow/resnet/aaa111', 'running'),
  run('slimflow/resnet/bbb222'),
  run('slimflow/vgg/abb333'),
  run('slimflow/vgg/abb333'),
];

describe('the run that a person means', () => {
  it.each([
    ['the digest, or a part of it', runs, '222', 'slimflow/resnet/bbb222'],
    ['one that ran more than once', runs, 'vgg', 'slimflow/vgg/abb333'],
    ['the only one that goes on', runs, undefined, 'slimflow/resnet/aaa111'],
    ['the only one', [run('slimflow/a/1'), run('slimflow/a/1')], undefined, 'slimflow/a/1'],
  ])('is found by %s', (_, all, name, found) => expect(chooseRun(all, name)).toBe(found));

  it.each([
    ['a part that two have', runs, 'bb', ['slimflow/resnet/bbb222', 'slimflow/vgg/abb333']],
    ['a part that none has', runs, 'zzz', []],
    ['several that go on', [run('a', 'running'), run('b', 'running'), run('c')], undefined, ['a', 'b']],
    ['several that ended', [run('a'), run('b')], undefined, ['a', 'b']],
    ['none at all', [], undefined, []],
  ])('is not chosen from %s', (_, all, name, candidates) =>
    expect(chooseRun(all, name)).toEqual({ candidates }),
  );
});

describe('a list of runs', () => {
  const filter = { status: 'cancelled', model: 'a"b\\', outcome: 'selected', query: 'X < 1 OR Y' } as const;

  it('is asked for by search attributes where the server has them', () => {
    expect(visibilityQuery({}, true)).toBe(
      'WorkflowType = "guidebook" AND ExecutionStatus != "ContinuedAsNew"',
    );
    expect(visibilityQuery(filter, true)).toBe(
      'WorkflowType = "guidebook" AND ExecutionStatus = "Canceled" AND SlimflowModel = "a\\"b\\\\" AND ' +
        'SlimflowOutcome = "selected" AND (X < 1 OR Y)',
    );
  });

  it('is told by the memo elsewhere', () => {
    expect(visibilityQuery(filter, false)).toBe(
      'WorkflowType = "guidebook" AND ExecutionStatus = "Canceled" AND (X < 1 OR Y)',
    );
    expect(fitsMemo({ model: 'a"b\\', outcome: 'selected', more: 1 }, filter)).toBe(true);
    expect(fitsMemo({ model: 'a"b\\' }, filter)).toBe(false);
    expect(fitsMemo({}, { status: 'running' })).toBe(true);
  });
});
