import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { Result } from '../../run-spec/result-schema';
import { approvePicksUpdate, approveSelectionUpdate, changeTargetsUpdate } from '../../workflow';
import { fakeActivities } from '../support/fake-activities';
import { temporal } from '../support/temporal';
import {
  fakeWorker,
  fresh,
  type Guidebook,
  holding,
  inWorld,
  isWaiting,
  refusal,
  replayed,
  reviewed,
  startFake,
  untilProgress,
} from '../support/world';

let server: TestWorkflowEnvironment;

beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const by = 'ada';

describe('a review', () => {
  it('waits for picks and selection to be approved, while workers come and go', async () => {
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

  it.each([
    ['continue', 'selected', 'went on with what was proposed', 2],
    ['stop', 'stopped', 'stopped', 1],
  ] as const)('ends after its timeout: %s', async (onTimeout, outcome, said, reviews) => {
    await inWorld(server, { settings: reviewed({ timeout: '1s', onTimeout }) }, async (run) => {
      const result = Result.parse(await run.result());
      expect(result).toMatchObject({ outcome, decisions: [] });
      const { notes } = result;
      expect(notes.filter((note) => note.includes(`within 1s: the run ${said}`))).toHaveLength(reviews);
      if (onTimeout === 'stop')
        expect(result).toMatchObject({
          selected: null,
          final: null,
          picks: [],
          unmet: {
            best: 'ssvd-0.75',
            stoppedBy: 'nobody approved',
            reason: 'nobody approved the picks within 1s',
          },
        });
      expect(result.candidates).toHaveLength(onTimeout === 'stop' ? 3 : 9);
    });
  });

  it('is not waited for where it was approved ahead, in a run of one technique too', async () => {
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
