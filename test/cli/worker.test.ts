import { defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HeartbeatDetails } from '../../contract/activities';
import { type GuidebookHandle, startGuidebook, taskQueueOf } from '../../client/start-guidebook';
import { observe } from '../../client/observe';
import { waitsOf } from '../../client/events';
import { waitingText } from '../../report/waiting';
import { loadSpec } from '../../run-spec/load';
import { FileStore } from '../../store/file-store';
import { allInOne } from '../../workers/all-in-one';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { childrenOf, cpuTicks } from '../support/processes';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';
import { WorkerProcess } from '../support/worker-process';

let server: TestWorkflowEnvironment;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  server = await temporal();
});
afterEach(async () => {
  const left = workers.splice(0);
  left.forEach((one) => one.kill('SIGKILL'));
  await Promise.all(left.map(({ ended }) => ended));
});
afterAll(() => server.teardown());

/** Tools of a test of one run. */
interface Running {
  readonly handle: GuidebookHandle;
  /** The folder of the store. */
  readonly store: string;
  readonly start: (...options: string[]) => Promise<WorkerProcess>;
}

/** Starts the guidebook on the tiny network; nobody works on it yet. */
async function started(folder: string, changes: object): Promise<Running> {
  const place = join(folder, 'store');
  const store = new FileStore(place);
  const spec = loadSpec(tinyJob(folder, changes));
  const { handle } = await startGuidebook(server.client, spec, {
    store,
    taskQueue: await taskQueueOf(store),
  });
  const start = async (...options: string[]) => {
    const one = await WorkerProcess.start(
      { address: server.address },
      '--store',
      place,
      ...alone,
      ...options,
    );
    workers.push(one);
    return one;
  };
  return { handle, store: place, start };
}

/** An activity under way, as the server knows it. */
interface Pending {
  readonly worker: string;
  readonly attempt: number;
  readonly failure?: string;
  readonly details?: HeartbeatDetails;
}

/** Waits until the fine-tuning of a candidate meets a condition. */
const tuning = ({ handle }: Running, candidate: string, is: (tuning: Pending) => boolean): Promise<Pending> =>
  pendingOf(`${handle.workflowId}/${candidate}`, 'fineTune', is);

/** Waits until an activity of a workflow meets a condition. */
async function pendingOf(
  workflowId: string,
  activity: string,
  is: (pending: Pending) => boolean,
): Promise<Pending> {
  const workflow = server.client.workflow.getHandle(workflowId);
  for (;;) {
    const description = await workflow.describe().catch(() => undefined);
    if (description?.closeTime) throw new Error(`${workflowId} was over before that`);
    const pending = description?.raw.pendingActivities?.find((one) => one.activityType?.name === activity);
    const [payload] = pending?.heartbeatDetails?.payloads ?? [];
    const found: Pending | undefined = pending && {
      worker: pending.lastWorkerIdentity ?? '',
      attempt: pending.attempt ?? 0,
      failure: pending.lastFailure?.applicationFailureInfo?.type ?? undefined,
      details: payload && defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload),
    };
    if (found && is(found)) return found;
    await sleep(50);
  }
}

const one = { techniques: ['spatial-svd'], ssvdTargets: [0.5] };
/** One job at a time, computed alike by all. */
const alone = ['--slots', '1', '--threads', '1', '--checkpoint-seconds', '0.1'];
const long = { fineTune: { epochs: 20000, batch: 10 } };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Computes, in this process, for a number of hundredths of a second of CPU time. */
function burn(ticks: number): void {
  const { user, system } = cpuUsage();
  const isDone = () => {
    const now = cpuUsage();
    return now.user + now.system - user - system >= 10_000 * ticks;
  };
  while (!isDone());
}

describe('slimflow worker', () => {
  it('two complete one run together, and one of them may vanish: the model is the same', () =>
    inFolder(async (folder) => {
      const changes = {
        ...one,
        // Long enough that it is seen under way, however late the look.
        fineTune: { epochs: 150, batch: 10 },
        compute: { provider: 'cpu', queues: 'by-need' },
      };
      const run = await started(folder, changes);
      const both = await Promise.all([run.start('--queue', 'cpu'), run.start()]);
      const { worker } = await tuning(run, 'ssvd-0.50', (found) => found.worker !== '');
      const at = both.findIndex(({ pid }) => worker.startsWith(`${pid}@`));
      both[at].kill('SIGKILL');
      const result = await run.handle.result();
      expect(result.outcome).toBe('selected');

      const place = join(folder, 'other');
      const store = new FileStore(place);
      const taskQueue = await taskQueueOf(store);
      const undisturbedWorker = await allInOne({
        connection: { address: server.address },
        namespace: 'default',
        taskQueue,
        store: place,
        slots: 1,
        threads: 1,
      });
      try {
        const spec = loadSpec(join(folder, 'job.json'));
        const { handle } = await startGuidebook(server.client, spec, { store, taskQueue });
        const undisturbed = await handle.result();
        expect(result.candidates.map(({ model }) => model.sha256)).toEqual(
          undisturbed.candidates.map(({ model }) => model.sha256),
        );
      } finally {
        await undisturbedWorker.stop();
      }
    }));

  it('on a device of its own measures there: with nobody there the run says so, and a killed one loses nothing', () =>
    inFolder(async (folder) => {
      const latency = { runs: 15_000, taskQueue: 'device', batch: 2, threads: 2 };
      const run = await started(folder, { ...one, fineTune: { epochs: 0 }, latency });
      const { workflowId } = run.handle;
      const seen = async (isWaiting: boolean) => {
        for await (const observation of observe(server.client, workflowId, { intervalMs: 100 })) {
          const waits = waitsOf(observation);
          if (observation.progress?.stage === 'latency' && waits.length > 0 === isWaiting) return waits;
        }
        throw new Error('the run was over before that');
      };
      const device = ['--queue', 'latency', '--task-queue', 'device'];
      const refused = await slimflow(folder, ['worker', '--queue', 'latency']);
      expect([refused.status, refused.err]).toEqual([
        2,
        expect.stringMatching(/latency\.taskQueue, by --task-queue/),
      ]);

      await run.start();
      const waits = await seen(true);
      expect(waits).toEqual([{ for: 'device', taskQueue: 'device' }]);
      expect(waitingText(waits[0])).toMatch(
        /: start there `slimflow worker --queue latency --task-queue device`$/,
      );

      const place = { address: server.address };
      const measuring = async () => {
        const measurer = await WorkerProcess.start(place, '--store', run.store, ...device);
        workers.push(measurer);
        return measurer;
      };
      const first = await measuring();
      await pendingOf(workflowId, 'latency', ({ details }) => details !== undefined && details.done > 0);
      expect(await seen(false)).toEqual([]);
      first.kill('SIGKILL');
      await first.ended;
      expect(await seen(true)).toEqual(waits);

      const second = await measuring();
      const { latencyBy, candidates, original } = await run.handle.result();
      expect(latencyBy).toMatchObject({ taskQueue: 'device', threads: 2, batch: 2, provider: 'cpu' });
      expect(latencyBy.device).toBe(candidates[0].provenance[0].device);
      expect(
        [original.latencyMs, candidates[0].latencyMs, candidates[0].speed!.faster].every((one) => one > 0),
      ).toBe(true);
      const { events } = await run.handle.fetchHistory();
      const begun =
        events?.flatMap(({ activityTaskStartedEventAttributes: one }) => (one ? [one] : [])) ?? [];
      const measured = begun.filter(({ identity }) => identity?.startsWith(`${second.pid}@`));
      expect(measured.map(({ attempt }) => attempt)).toEqual([2]);
      expect(begun.filter(({ attempt }) => attempt !== 1)).toEqual(measured);
    }));

  it('hands back what it is at when it is told to stop; the next goes on, and is idle once the run is cancelled', () =>
    inFolder(async (folder) => {
      const run = await started(folder, { ...one, ...long });
      const first = await run.start();
      expect((await first.health('/readyz')).status).toBe(200);
      expect((await first.health('/elsewhere')).status).toBe(404);
      await tuning(run, 'ssvd-0.50', ({ details }) => details?.checkpoint !== undefined);
      first.kill('SIGTERM');
      expect(await first.ended).toEqual({ status: 0, signal: null });
      const lines = first.said.split('\n').filter((line) => line.includes('"fineTune'));
      // One line when a job begins, one when it ends and why, with the ids of what asked for it.
      expect(lines.filter((line) => line.includes('taskToken'))).toEqual([]);
      expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
        expect.objectContaining({
          msg: 'fineTune begins',
          workflowId: `${run.handle.workflowId}/ssvd-0.50`,
          activityId: expect.any(String) as string,
        }),
        expect.objectContaining({ msg: expect.stringMatching(/^fineTune handed back after /) as string }),
      ]);
      const handed = await tuning(run, 'ssvd-0.50', ({ failure }) => failure !== undefined);
      expect(handed.failure).toBe('WorkerShutdown');
      expect(handed.details).toMatchObject({
        over: true,
        checkpoint: { sha256: expect.any(String) as string },
      });

      const second = await run.start();
      const resumed = await tuning(
        run,
        'ssvd-0.50',
        ({ attempt, details }) => attempt > 1 && !details?.over && details!.note.startsWith('epoch'),
      );
      expect(resumed.details!.done).toBeGreaterThan(0);
      expect((await second.health('/healthz')).told!.jobs).toBe(1);
      // What computes is a process of its own: the worker beside it goes on asking for work.
      const jobs = childrenOf(second.pid);
      const ticks = () => sum(jobs.map(cpuTicks));
      const before = ticks();
      await until(() => ticks() >= before + 20); // it computes, and that can be seen

      const environment = { TEMPORAL_ADDRESS: server.address };
      const { workflowId } = run.handle;
      const cancelled = await slimflow(folder, ['cancel', workflowId], undefined, environment);
      expect([cancelled.status, cancelled.out]).toEqual([0, `${workflowId}: cancelled\n`]);
      // A run is over when its work is: nothing computes any more, nothing lies about.
      expect((await second.health('/healthz')).told!.jobs).toBe(0);
      // What a slow disk was at when it was given up is still cleared away.
      await until(() => readdirSync(join(run.store, 'scratch')).length === 0);
      const files = () => readdirSync(run.store, { recursive: true, encoding: 'utf8' });
      await until(() => !files().some((name) => name.endsWith('.tmp')));
      expect(childrenOf(second.pid).filter((pid) => !jobs.includes(pid))).toEqual([]);
      const after = ticks();
      burn(100); // a job that went on would get about as much
      expect(ticks() - after).toBeLessThan(25);

      const status = await slimflow(folder, ['status', workflowId], undefined, environment);
      expectStatus(status, 0);
      expect(status.out).toMatch(/: cancelled, started [^]*│ ssvd-0\.50 /);
      expect(status.err).toMatch(/^The run was cancelled: /);
    }));
});
