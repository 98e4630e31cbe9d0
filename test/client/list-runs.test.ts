import { findRun, NoSuchRun } from '../../client/find-run';
import { type ListedRun, listRuns, type RunFilter } from '../../client/list-runs';
import { guidebookServer } from '../support/guidebook-server';
import { until } from '../support/until';

const server = guidebookServer();

async function listed(filter: RunFilter = {}): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for await (const run of listRuns(server.client(), filter)) runs.push(run);
  return runs;
}
const idsOf = async (filter?: RunFilter) => (await listed(filter)).map(({ workflowId }) => workflowId);

it('runs are listed and found, by memo on any server and by search attributes once it has them', async () => {
  const memo = (model: string) => ({ memo: { model, stage: 'SVD' } });
  await server.start('slimflow/resnet/abc1', 'nobody', memo('resnet'));
  const other = await server.start('slimflow/vgg/abc2', 'nobody', memo('vgg'));
  await server.client().workflow.start('candidate', {
    workflowId: 'slimflow/vgg/abc2/ssvd-0.50',
    taskQueue: 'nobody',
    args: [],
  });
  await until(async () => (await idsOf()).length === 2);
  expect(await idsOf({ model: 'vgg' })).toEqual(['slimflow/vgg/abc2']);
  expect(await idsOf({ model: 'vgg', stage: 'pick' })).toEqual([]);
  const [run] = await listed({ model: 'vgg' });
  expect(run).toMatchObject({
    status: 'running',
    memo: { stage: 'SVD' },
    startedAt: expect.any(Date) as Date,
  });

  await other.terminate();
  await until(async () => (await idsOf({ status: 'terminated' })).length === 1);
  expect(await idsOf({ status: 'running' })).toEqual(['slimflow/resnet/abc1']);

  expect(await findRun(server.client(), 'slimflow/vgg/abc2')).toBe('slimflow/vgg/abc2');
  expect(await findRun(server.client(), 'vgg')).toBe('slimflow/vgg/abc2');
  expect(await findRun(server.client())).toBe('slimflow/resnet/abc1');
  await expect(findRun(server.client(), 'abc')).rejects.toThrow(
    /^abc matches several runs; name one:\n {2}slimflow\/resnet\/abc1\n {2}slimflow\/vgg\/abc2$/,
  );
  // A candidate is not a run.
  await expect(findRun(server.client(), 'slimflow/vgg/abc2/ssvd-0.50')).rejects.toThrow(NoSuchRun);

  await expect(idsOf({ query: 'SlimflowModel = "vgg"' })).rejects.toThrow('Failed to list workflows');
  const keyword = 2;
  await server.environment().connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: { SlimflowModel: keyword, SlimflowStage: keyword, SlimflowOutcome: keyword },
  });
  const searchAttributes = { SlimflowModel: ['vgg'], SlimflowOutcome: ['selected'] };
  const tagged = { searchAttributes, memo: { model: 'what the memo says does not matter now' } };
  // A server needs a moment to know its new attributes.
  await until(() =>
    server.start('slimflow/vgg/abc3', 'nobody', tagged).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => (await idsOf({ model: 'vgg' })).length === 1);
  expect(await idsOf({ model: 'vgg', outcome: 'selected' })).toEqual(['slimflow/vgg/abc3']);
  expect(await idsOf({ query: 'SlimflowModel = "vgg" OR SlimflowModel = "x"' })).toEqual([
    'slimflow/vgg/abc3',
  ]);
});
