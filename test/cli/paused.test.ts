import { Client, Connection } from '@temporalio/client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pause } from '../../client/decide';
import { answers } from '../../server/reachable';
import { Result } from '../../run-spec/result-schema';
import { slimflow } from '../support/cli';
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

/** Returns whom a run waits for, as `status --json` says; nothing if that is unknown. */
async function waitingOf(folder: string): Promise<readonly { readonly for: string }[]> {
  const { status, out } = await slimflow(folder, ['status', '--json']);
  return status === 0 ? (JSON.parse(out) as { waiting: { for: string }[] }).waiting : [];
}

/** Pauses the run while its candidate is fine-tuned, and waits until that is over and nothing was begun after it. */
async function paused(folder: string, id: string): Promise<void> {
  const connection = await Connection.connect({ address: serverIn(folder).address });
  try {
    const client = new Client({ connection });
    const candidate = client.workflow.getHandle(`${id}/ssvd-0.50`);
    const doing = async () => {
      const description = await candidate.describe().catch(() => undefined);
      return description?.raw.pendingActivities?.map(({ activityType }) => activityType?.name);
    };
    await until(async () => (await doing())?.includes('fineTune') === true);
    await pause(client, id, { by: 'ada', reason: 'the machine is needed' });
    await until(async () => (await doing())?.length === 0);
    expect((await candidate.describe()).status.name).toBe('RUNNING');
  } finally {
    await connection.close();
  }
}

it('a paused run is paused still after its server and worker were killed; resumed, it makes the same model', () =>
  inFolder(async (folder) => {
    const fineTune = { epochs: 40, batch: 10 };
    const job = tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5], fineTune });
    const work = async () => (worker = await WorkerProcess.start({ folder }));
    const id = (await slimflow(folder, ['start', job])).out.trim();
    const first = await work();
    await paused(folder, id);
    const { pid, address } = serverIn(folder);
    process.kill(pid, 'SIGKILL');
    first.kill('SIGKILL');
    await first.ended;

    const second = await work();
    expect(serverIn(folder)).toMatchObject({ address });
    expect(serverIn(folder).pid).not.toBe(pid);
    const held = { for: 'resume', by: 'ada', reason: 'the machine is needed' };
    let waiting: Awaited<ReturnType<typeof waitingOf>> = [];
    await until(async () => (waiting = await waitingOf(folder)).length > 0);
    expect(waiting).toEqual([{ ...held, at: expect.any(String) as string }]);
    expect((await second.health('/healthz')).told!.jobs).toBe(0);

    expect((await slimflow(folder, ['resume'])).out).toBe(`${id}: resumed\n`);
    const watched = await slimflow(folder, ['watch', '--json']);
    expect(watched.status).toBe(0);
    const end = JSON.parse(watched.out.trim().split('\n').at(-1)!) as { result: unknown };
    second.kill('SIGTERM');
    expect(await second.ended).toEqual({ status: 0, signal: null });
    expect(await answers(address)).toBe(false);

    expect((await slimflow(folder, ['run', job, '--state', 'other'])).status).toBe(0);
    const models = (result: unknown) => Result.parse(result).candidates.map(({ model }) => model.sha256);
    const undisturbed = JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')) as unknown;
    expect(models(end.result)).toEqual(models(undisturbed));
    expect(models(end.result)).toHaveLength(1);
  }));
