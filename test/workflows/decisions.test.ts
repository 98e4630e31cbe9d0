import type { TestWorkflowEnvironment } from '@temporalio/testing';

import type { Activities } from '../../contract/activities';
import { candidatesOf } from '../../client/ended-progress';
import { Result } from '../../run-spec/result-schema';
import {
  addCandidateUpdate,
  approvePicksUpdate,
  approveSelectionUpdate,
  changeTargetsUpdate,
  finishEarlyUpdate,
  pauseSignal,
  progressQuery,
  skipCandidateUpdate,
} from '../../workflow';
import { fakeInput, hopeless, latch } from '../support/fake-activities';
import { temporal } from '../support/temporal';
import {
  eventsOf,
  holding,
  inWorld,
  isWaiting,
  refusal,
  replayed,
  reviewed,
  statusOf,
  untilProgress,
} from '../support/world';

let server: TestWorkflowEnvironment;

beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const by = 'ada';

describe('people in a guidebook run', () => {
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
      expect((await eventsOf(run)).filter((type) => /Update/.test(type))).toEqual([]);
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
      // Without a worker the result alone says what the run itself said.
      const { candidates } = await run.query(progressQuery);
      expect(candidatesOf(result).map(({ id, decision }) => [id, decision])).toEqual(
        expect.arrayContaining(candidates.map(({ id, decision }) => [id, decision])),
      );
      expect(result.notes).toContain(
        'ssvd-0.90 was selected by ada, though it is not eligible: too far from C',
      );
      expect(result.decisions.map(({ what }) => what)).toEqual([
        said,
        'ssvd-0.90 added: spatial SVD of the original to 0.9',
        'ssvd-0.75 skipped',
        'picks approved: ssvd-0.90',
        `${added} added: channel pruning of ssvd-0.50 to 0.5`,
        'selection approved: ssvd-0.90',
      ]);
      // Latencies can only be compared if they were measured together.
      const timed = calls.filter(([name]) => name === 'latency').map(([, request]) => request);
      expect(timed.map((request) => (request as { models: unknown[] }).models.length)).toEqual([6, 7]);
      await replayed(run);
    });
  });

  it('add and skip candidates while others run', async () => {
    const { world: held, ended } = holding('fineTune', 500_000);
    const scoring = latch();
    const before = async (name: keyof Activities, request: unknown) => {
      await held.before(name, request);
      const { model, method } = request as Parameters<Activities['scoreLayer']>[0];
      if (
        name === 'scoreLayer' &&
        model.uri === fakeInput().model.uri &&
        method.technique === 'channel-pruning'
      ) {
        await scoring.released;
        throw hopeless('InvalidSettings', 'bad layer');
      }
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
      for (const asked of [0.8, 0.9])
        await run.executeUpdate(addCandidateUpdate, {
          args: [{ technique: 'channel-pruning', asked, parent: null, by }],
        });
      // Its model's scores fail later: who was skipped before that has not failed.
      await run.executeUpdate(skipCandidateUpdate, { args: [{ id: 'cp-0.80', by }] });
      scoring.release();
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
        skipped: [
          {
            id: 'ssvd-0.50',
            reason: 'skipped by ada: too small',
            verdicts: [{ state: 'skipped', by, why: 'too small' }],
          },
          { id: 'cp-0.80', reason: 'skipped by ada' },
        ],
        picks: ['ssvd-0.75', 'ssvd-0.70'],
      });
      expect(result.decisions[4].what).toBe('picks approved ahead of time, as the rule will have them');
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
});
