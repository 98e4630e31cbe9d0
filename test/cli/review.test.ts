import { Client, Connection } from '@temporalio/client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TimedRunEvent } from '../../client/follow';
import { identity } from '../../server/connect';
import { answers } from '../../server/reachable';
import { Result } from '../../run-spec/result-schema';
import { expectStatus, slimflow } from '../support/cli';
import { serverIn } from '../support/dev-server';
import { inFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';
import { WorkerProcess } from '../support/worker-process';

let worker: WorkerProcess | undefined;
afterEach(async () => {
  worker?.kill('SIGKILL');
  await worker?.ended;
});

/** Returns what `status --json` says. */
interface Told {
  readonly status: string;
  readonly waiting: readonly { readonly for: string; readonly proposed?: readonly string[] }[];
  readonly progress: object;
}
async function told(folder: string): Promise<Told> {
  const status = await slimflow(folder, ['status', '--json']);
  expectStatus(status, 0);
  return JSON.parse(status.out) as Told;
}
const events = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TimedRunEvent);

/** Types of the events in a run's history that tell of updates, as the server has them. */
async function updatesOf(folder: string, workflowId: string): Promise<string[]> {
  const connection = await Connection.connect({ address: serverIn(folder).address });
  try {
    const { events } = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap((event) =>
      Object.entries(event).flatMap(([key, value]) => (/Update/.test(key) && value ? [key] : [])),
    );
  } finally {
    await connection.close();
  }
}

it('a run waits for a person while everything ends and is started again, and goes on as was approved', () =>
  inFolder(async (folder) => {
    const job = tinyJob(folder, {
      ssvdTargets: [0.65, 0.8],
      ccpFactors: [1],
      review: { afterPick: true },
    });
    const work = async () => (worker = await WorkerProcess.start({ folder }, '--slots', '1'));
    const started = await slimflow(folder, ['start', job]);
    expectStatus(started, 0);
    const id = started.out.trim();
    // `start` took the server along; the worker brings it back.
    const first = await work();
    const watched = await slimflow(folder, ['watch', '--json'], (said, child) => {
      if (said.includes('"for":"picks"') && !child.killed) child.kill('SIGINT');
    });
    expectStatus(watched, 130);
    const before = await told(folder);
    expect(before).toMatchObject({ status: 'running', waiting: [{ for: 'picks' }] });
    // What a person picks is the other one.
    const [proposed] = before.waiting[0].proposed!;
    const picked = proposed === 'ssvd-0.65' ? 'ssvd-0.80' : 'ssvd-0.65';

    process.kill(serverIn(folder).pid, 'SIGKILL');
    first.kill('SIGKILL');
    await first.ended;
    const alone = await slimflow(folder, ['approve', '--picks', picked]);
    expect([alone.status, alone.err]).toEqual([1, expect.stringContaining('start `slimflow worker`')]);

    const second = await work();
    // Nobody else uses the server: it is this worker that brings it back.
    process.kill(serverIn(folder).pid, 'SIGKILL');
    await until(() => second.said.includes('it was restarted with its history'));
    const unknown = await slimflow(folder, ['approve', '--picks', 'ssvd-0.10']);
    expect(unknown).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/^there is no candidate ssvd-0\.10/m) as string,
    });
    expect(await told(folder)).toMatchObject({ waiting: before.waiting, progress: before.progress });
    expect(await updatesOf(folder, id)).toEqual([]);

    const approve = ['approve', id, '--picks', picked, '--note', 'keeps more channels'];
    const approved = await slimflow(folder, approve);
    expect(approved).toMatchObject({ status: 0, err: '' });
    const end = await slimflow(folder, ['watch', '--json']);
    expectStatus(end, 0);
    expect(events(end.out).at(-1)).toMatchObject({ type: 'end', status: 'completed' });

    const taken = await slimflow(folder, ['result', '--out', 'taken']);
    expectStatus(taken, 0);
    const result = Result.parse(JSON.parse(readFileSync(join(folder, 'taken', 'result.json'), 'utf8')));
    expect(result).toMatchObject({ workflowId: id, picks: [picked], failed: [] });
    expect(result.candidates.map((row) => row.parent)).toContain(picked);
    const by = identity();
    expect(result.decisions).toEqual([
      {
        at: expect.any(String) as string,
        what: approved.out.trim(),
        by,
        note: 'keeps more channels',
      },
    ]);

    second.kill('SIGTERM');
    expect(await second.ended).toEqual({ status: 0, signal: null });
    expect(await answers(serverIn(folder).address)).toBe(false);
  }));
