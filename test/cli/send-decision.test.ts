import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import { identity } from '../../server/connect';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import type { Heard } from '../support/steered';
import { temporal } from '../support/temporal';
import { until } from '../support/until';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

it('people steer a run from the command line: each thing is asked once, by them; what is refused says why', () =>
  inFolder(async (folder) => {
    const run = (...args: string[]) =>
      slimflow(folder, args, undefined, { TEMPORAL_ADDRESS: server.address });
    const id = 'slimflow/steered/1';
    const handle = await server.client.workflow.start('guidebook', { workflowId: id, taskQueue: 'steered' });

    // As just after a restart of the server: a worker reports while the command waits.
    let waits = false;
    const early = slimflow(
      folder,
      ['adjust', id, '--tolerance', '2'],
      (_said, _child, err) => (waits = err.startsWith('No worker found yet')),
      { TEMPORAL_ADDRESS: server.address },
    );
    await until(() => waits);
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'steered',
      workflowsPath: require.resolve('../support/steered'),
    });
    await worker.runUntil(async () => {
      expect(await early).toMatchObject({ status: 0, out: 'changeTargets was heard\n' });
      expect(await run('adjust', '1', '--tolerance', '0')).toMatchObject({
        status: 2,
        out: '',
        err: 'a tolerance of 0 can not be met\n',
      });
      const added = 'weight-svd=0.4@ssvd-0.5';
      const adjusted = await run(
        'adjust',
        id,
        '--target',
        '0.4',
        '--add',
        added,
        '--skip',
        'a',
        '--note',
        'n',
      );
      expect(adjusted.out).toBe('changeTargets was heard\naddCandidate was heard\nskipCandidate was heard\n');
      expect((await run('pause', id, '--reason', 'GPU')).out).toBe(`${id}: paused\n`);
      expect((await run('resume', id)).out).toBe(`${id}: resumed\n`);
      const approved = await run('approve', id, '--json');
      const by = identity();
      expect(JSON.parse(approved.out)).toEqual({ workflowId: id, by, answers: ['approvePicks was heard'] });
      expect((await run('approve', id, '--select', 'x')).out).toBe('approveSelection was heard\n');
      expect((await run('finish', id)).out).toBe('the best so far is taken\n');

      const { heard } = (await handle.result()) as { heard: Heard[] };
      expect(heard).toEqual([
        { what: 'changeTargets', args: { tolerance: 2, by } },
        { what: 'changeTargets', args: { target: 0.4, by, note: 'n' } },
        {
          what: 'addCandidate',
          args: { technique: 'weight-svd', asked: 0.4, parent: 'ssvd-0.5', by, note: 'n' },
        },
        { what: 'skipCandidate', args: { id: 'a', by, note: 'n' } },
        { what: 'pause', args: { by, reason: 'GPU' } },
        { what: 'resume', args: { by } },
        { what: 'approvePicks', args: { by } },
        { what: 'approveSelection', args: { candidate: 'x', by } },
        { what: 'finishEarly', args: { by } },
      ]);
    });
    const over = await run('pause', id);
    expect([over.status, over.err]).toEqual([2, expect.stringContaining(`run ${id} has ended`)]);
    const idle = await run('finish', id);
    expect([idle.status, idle.err]).toEqual([2, expect.stringContaining('run slimflow/steered/1 has ended')]);
  }));
