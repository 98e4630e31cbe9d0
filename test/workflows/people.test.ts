import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

import type { Activities } from '../../activities/types';
import { Result } from '../../spec/result';
import {
  addCandidateUpdate,
  approvePicksUpdate,
  approveSelectionUpdate,
  changeTargetsUpdate,
  finishEarlyUpdate,
  pauseSignal,
  progressQuery,
  resumeSignal,
  skipCandidateUpdate,
} from '../../workflow';
import { fakeActivities, fakeInput, hopeless, latch, untilCancelled } from '../support/fake-activities';
import { temporal } from '../support/temporal';
import {
  fakeWorker,
  fresh,
  type Guidebook,
  inWorld,
  replayed,
  startFake,
  statusOf,
  untilProgress,
} from '../support/world';

let server: TestWorkflowEnvironment;

beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const by = 'ada';
const reviewed = (more: object = {}) => ({ review: { afterPick: true, afterSelect: true, ...more } });
const isWaiting =
  (subject: 'picks' | 'selection') =>
  ({ waiting }: { waiting?: { for: string } }) =>
    waiting?.for === subject;

/** Why an update was refused. */
async function refusal(update: Promise<string>): Promise<string> {
  const error: unknown = await update.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return ((error as Error).cause as Error).message;
}

/** Types of the events of a workflow's history so far. */
async function eventsOf(workflowId: string): Promise<string[]> {
  const { events } = await server.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).map((event) =>
    Object.keys(event).find((key) => key.endsWith('EventAttributes') && event[key as keyof typeof event])!,
  );
}

/** A world that holds an activity of the candidate of so many MACs until it is released or cancelled. */
function holding(activity: keyof Activities, macs: number) {
  const { released, release } = latch();
  const ended: string[] = [];
  return {
    release,
    ended,
    world: {
      before: async (name: keyof Activities, request: unknown) => {
        if (name !== activity || !(request as { model: { uri: string } }).model.uri.includes(`${macs}`))
          return;
        await untilCancelled(released).finally(() => ended.push(name));
      },
    },
  };
}

describe('people in a guidebook run', () => {
  it('approve picks and selection, while workers come and go', async () => {
    const taskQueue = fresh('reviewed');
    const activities = fakeActivities();
    const working = async <T>(use: (handle: Guidebook) => Promise<T>, handle: Guidebook) => {
      const worker = await fakeWorker(server, taskQueue, activities);
      return worker.runUntil(() => use(handle));
    };
    const handle = await startFake(server, taskQueue, reviewed());

    const { waiting } = await working((run) => untilProgress(run, isWaiting('picks')), handle);
    expect(waiting).toEqual({ for: 'picks', proposed: ['ssvd-0.75', 'ssvd-0.65'] });

    await working(async (run) => {
      const approved = await run.executeUpdate(approvePicksUpdate, {
        args: [{ picks: ['ssvd-0.65'], by, note: 'one is enough' }],
      });
      expect(approved).toBe('picks approved: ssvd-0.65');
      await untilProgress(run, isWaiting('selection'));
      expect(await refusal(run.executeUpdate(approvePicksUpdate, { args: [{ by }] }))).toBe(
        'the picks are decided already: ssvd-0.65',
      );
    }, handle);

    const result = await working(async (run) => {
      await run.executeUpdate(approveSelectionUpdate, { args: [{ by: 'grace' }] });
      return Result.parse(await run.result());
    }, handle);
    expect(result).toMatchObject({
      outcome: 'selected',
      picks: ['ssvd-0.65'],
      selected: 'ssvd-0.50',
    });
    expect(result.candidates.filter(({ parent }) => parent).map(({ parent }) => parent)).toEqual([
      'ssvd-0.65',
      'ssvd-0.65',
      'ssvd-0.65',
    ]);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    expect(result.decisions).toEqual([
      { at, what: 'picks approved: ssvd-0.65', by, note: 'one is enough' },
      { at, what: 'selection approved: ssvd-0.50', by: 'grace' },
    ]);
    await replayed(handle);
  });

  it('are told why what they ask for is refused, and leave no trace by it', async () => {
    await inWorld(server, { settings: reviewed() }, async (run) => {
      const before = await untilProgress(run, isWaiting('picks'));
      const ask = async (update: { name: string }, request: unknown) =>
        refusal(run.executeUpdate(update.name, { args: [request] }));
      expect(await ask(approvePicksUpdate, { by, picks: ['ssvd-0.6'] })).toBe(
        'there is no candidate ssvd-0.6; there are ssvd-0.50, ssvd-0.65, ssvd-0.75',
      );
      expect(await ask(approvePicksUpdate, { by, pick: ['ssvd-0.65'] })).toContain('has no field pick');
      expect(await ask(approveSelectionUpdate, { by, candidate: 'cp' })).toContain(
        'there is no candidate cp',
      );
      expect(await ask(changeTargetsUpdate, { by, target: 1 })).toBe(
        'target must be a number above 0 and below 1',
      );
      expect(await ask(changeTargetsUpdate, { by, ssvdTargets: [0.8] })).toContain('planned already');
      expect(await ask(addCandidateUpdate, { by, technique: 'spatial-svd', asked: 0.65, parent: null })).toBe(
        'ssvd-0.65 is there already: it is done',
      );
      expect(await ask(skipCandidateUpdate, { by })).toBe('id must be text of 1 to 200 characters');
      expect(await ask(finishEarlyUpdate, {})).toBe('by must be text of 1 to 100 characters');

      expect(await run.query(progressQuery)).toEqual(before);
      expect((await eventsOf(run.workflowId)).filter((type) => /Update/.test(type))).toEqual([]);
      await run.cancel();
      await expect(run.result()).rejects.toThrow();
      expect((await run.describe()).status.name).toBe('CANCELLED');
    });
  });

  it('change targets, add a candidate in a review and take one that the rule would not', async () => {
    const settings = { ...reviewed(), ccpFactors: [1] };
    await inWorld(server, { settings }, async (run, calls) => {
      await untilProgress(run, isWaiting('picks'));
      const said = await run.executeUpdate(changeTargetsUpdate, {
        args: [{ target: 0.6, ccpFactors: [0.9, 1], by, note: 'half is too much' }],
      });
      expect(said).toBe('target changed from 0.5 to 0.6; ccpFactors changed from 1 to 0.9, 1');
      await run.executeUpdate(addCandidateUpdate, {
        args: [{ technique: 'spatial-svd', asked: 0.9, parent: null, by }],
      });
      // With it the rule proposes others.
      const { waiting } = await untilProgress(
        run,
        ({ waiting }) => waiting?.proposed.includes('ssvd-0.90') ?? false,
      );
      expect(waiting?.proposed).toEqual(['ssvd-0.90', 'ssvd-0.75']);
      await run.executeUpdate(skipCandidateUpdate, { args: [{ id: 'ssvd-0.75', by }] });
      await untilProgress(run, ({ waiting }) => waiting?.proposed.includes('ssvd-0.65') ?? false);
      await run.executeUpdate(approvePicksUpdate, { args: [{ picks: ['ssvd-0.90'], by }] });

      await untilProgress(run, isWaiting('selection'));
      await run.executeUpdate(addCandidateUpdate, {
        args: [{ technique: 'channel-pruning', asked: 0.5, parent: 'ssvd-0.50', by }],
      });
      const added = 'ssvd-0.50/cp-0.50';
      await untilProgress(
        run,
        (progress) => statusOf(progress, added) === 'done' && isWaiting('selection')(progress),
      );
      await run.executeUpdate(approveSelectionUpdate, { args: [{ candidate: 'ssvd-0.90', by }] });

      const result = Result.parse(await run.result());
      expect(result).toMatchObject({ target: 0.6, picks: ['ssvd-0.90'], selected: 'ssvd-0.90', unmet: null });
      expect(result.candidates.map(({ id }) => id)).toEqual([
        'ssvd-0.50',
        'ssvd-0.65',
        'ssvd-0.90',
        'ssvd-0.90/cp-0.60',
        'ssvd-0.90/cp-0.67',
        added,
      ]);
      expect(result.skipped).toMatchObject([{ id: 'ssvd-0.75', reason: 'skipped by ada' }]);
      expect(result.notes).toContain('ssvd-0.90 was selected by ada, though it has too far from C');
      expect(result.decisions.map(({ what }) => what)).toEqual([
        said,
        'ssvd-0.90 added: spatial SVD of the original to 0.9',
        'ssvd-0.75 skipped',
        'picks approved: ssvd-0.90',
        `${added} added: channel pruning of ssvd-0.50 to 0.5`,
        'selection approved: ssvd-0.90',
      ]);
      // Latencies compare only where they were measured together.
      const timed = calls.filter(([name]) => name === 'latency').map(([, request]) => request);
      expect(timed.map((request) => (request as { models: unknown[] }).models.length)).toEqual([6, 7]);
      await replayed(run);
    });
  });

  it('add and skip candidates while others run', async () => {
    const { world: held, ended } = holding('fineTune', 500_000);
    const before = async (name: keyof Activities, request: unknown) => {
      await held.before(name, request);
      const { model, method } = request as Parameters<Activities['scoreLayer']>[0];
      if (
        name === 'scoreLayer' &&
        model.uri === fakeInput().model.uri &&
        method.technique === 'channel-pruning'
      )
        throw hopeless('InvalidSettings', 'bad layer');
    };
    await inWorld(server, { world: { before } }, async (run) => {
      await untilProgress(run, (progress) => statusOf(progress, 'ssvd-0.75') === 'done');
      expect(
        await refusal(
          run.executeUpdate(approvePicksUpdate, { args: [{ picks: ['ssvd-0.50', 'ssvd-0.75'], by }] }),
        ),
      ).toBe('ssvd-0.50 is still being made');
      await run.executeUpdate(addCandidateUpdate, {
        args: [{ technique: 'spatial-svd', asked: 0.701, parent: null, by }],
      });
      await run.executeUpdate(addCandidateUpdate, {
        args: [{ technique: 'channel-pruning', asked: 0.9, parent: null, by }],
      });
      const progress = await untilProgress(
        run,
        (now) => statusOf(now, 'ssvd-0.70') === 'done' && statusOf(now, 'cp-0.90') === 'failed',
      );
      expect(statusOf(progress, 'ssvd-0.50')).toBe('running');
      await run.executeUpdate(approvePicksUpdate, { args: [{ by }] });
      await run.executeUpdate(skipCandidateUpdate, { args: [{ id: 'ssvd-0.50', by, note: 'too small' }] });

      const result = await run.result();
      expect(ended).toEqual(['fineTune']);
      const child = server.client.workflow.getHandle(`${run.workflowId}/ssvd-0.50`);
      expect((await child.describe()).status.name).toBe('CANCELLED');
      expect(result).toMatchObject({
        outcome: 'selected',
        failed: [{ id: 'cp-0.90', reason: 'bad layer' }],
        skipped: [{ id: 'ssvd-0.50', reason: 'skipped by ada: too small' }],
        picks: ['ssvd-0.75', 'ssvd-0.70'],
      });
      expect(result.decisions[2].what).toBe('picks approved ahead of time, as the rule will have them');
      await replayed(run);
    });
  });

  it('finish a run early with what is done', async () => {
    const { world, ended } = holding('fineTune', 750_000);
    await inWorld(server, { world, settings: reviewed() }, async (run, calls) => {
      await untilProgress(
        run,
        (progress) =>
          statusOf(progress, 'ssvd-0.50') === 'done' && statusOf(progress, 'ssvd-0.65') === 'done',
      );
      await run.signal(pauseSignal, { by });
      await run.executeUpdate(finishEarlyUpdate, { args: [{ by, note: 'the demo is today' }] });
      const result = Result.parse(await run.result());
      expect(ended).toEqual(['fineTune']);
      expect(result).toMatchObject({
        outcome: 'selected',
        selected: 'ssvd-0.50',
        picks: [],
        skipped: [{ id: 'ssvd-0.75', reason: 'not done when the run was finished early by ada' }],
        decisions: [{ what: 'paused' }, { by, note: 'the demo is today' }],
      });
      expect(result.notes).toContain('finished early by ada, without ssvd-0.75');
      expect(
        calls.some(
          ([, request]) =>
            (request as { method?: { technique: string } }).method?.technique === 'channel-pruning',
        ),
      ).toBe(false);
      await replayed(run);
    });
  });

  it('pause a run and its candidates, and resume them', async () => {
    const { world, release } = holding('compress', 1_000_000);
    await inWorld(server, { world }, async (run, calls) => {
      const ids = ['ssvd-0.50', 'ssvd-0.65', 'ssvd-0.75'];
      const compressing = () => calls.filter(([name]) => name === 'compress').length;
      while (compressing() < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await run.signal(pauseSignal, { by, reason: 'the GPU is needed' });
      const children = ids.map((id) => `${run.workflowId}/${id}`);
      const untilEach = async (isReached: (types: string[]) => boolean) => {
        for (const child of children)
          while (!isReached(await eventsOf(child))) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await untilEach((types) => types.includes('workflowExecutionSignaledEventAttributes'));
      release();
      // Each child has seen what its compression came to, and began nothing upon it.
      await untilEach(
        (types) =>
          types.lastIndexOf('workflowTaskCompletedEventAttributes') >
            types.indexOf('activityTaskCompletedEventAttributes') &&
          types.includes('activityTaskCompletedEventAttributes'),
      );
      const evaluated = () => calls.filter(([name]) => name === 'evaluate').length;
      expect(evaluated()).toBe(1);
      const { paused } = await run.query(progressQuery);
      expect(paused).toMatchObject({ by, reason: 'the GPU is needed' });

      await run.signal(resumeSignal, { by: 'grace' });
      const result = await run.result();
      expect(result.outcome).toBe('selected');
      expect(result.decisions).toMatchObject([
        { what: 'paused', by, note: 'the GPU is needed' },
        { what: 'resumed', by: 'grace' },
      ]);
      for (const id of [run.workflowId, ...children]) await replayed(server.client.workflow.getHandle(id));
    });
  });

  it.each([
    ['continue', 'selected', 'went on with what was proposed', 2],
    ['stop', 'stopped', 'stopped', 1],
  ] as const)(
    'need not come: after the timeout the run can %s',
    async (onTimeout, outcome, said, reviews) => {
      await inWorld(server, { settings: reviewed({ timeout: '1s', onTimeout }) }, async (run) => {
        const result = Result.parse(await run.result());
        expect(result).toMatchObject({ outcome, decisions: [], unmet: null });
        const { notes } = result;
        expect(notes.filter((note) => note.includes(`within 1s: the run ${said}`))).toHaveLength(reviews);
        if (onTimeout === 'stop') expect(result).toMatchObject({ selected: null, final: null, picks: [] });
        expect(result.candidates).toHaveLength(onTimeout === 'stop' ? 3 : 9);
      });
    },
  );

  it('approve ahead of time, in a run of one technique too', async () => {
    const { world, release } = holding('scoreLayer', 1_000_000);
    const settings = { ...reviewed(), techniques: ['channel-pruning'] };
    await inWorld(server, { world, settings }, async (run) => {
      await untilProgress(run, ({ stage }) => stage === 'channel pruning');
      expect(await refusal(run.executeUpdate(approvePicksUpdate, { args: [{ by }] }))).toBe(
        'one technique alone has no picks',
      );
      await run.executeUpdate(changeTargetsUpdate, { args: [{ ccpFactors: [1], tolerance: 0.4, by }] });
      await run.executeUpdate(approveSelectionUpdate, { args: [{ by }] });
      release();
      const result = await run.result();
      expect(result).toMatchObject({ outcome: 'requirement-not-met', tolerance: 0.4 });
      expect(result.candidates.map(({ id }) => id)).toEqual(['cp-0.50']);
    });
  });
});
