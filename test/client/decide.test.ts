import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { adjust, approve, cancel, finishEarly, pause, Refused, resume } from '../../client/decide';
import { progressQuery } from '../../workflow';
import { temporal } from '../support/temporal';
import { inWorld, statusOf, untilProgress } from '../support/world';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const by = 'ada';
const settings = { review: { afterPick: true, afterSelect: true } };

/** Why something was refused. */
async function refusal(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(Refused);
  return (error as Refused).message;
}

describe('what clients let people do', () => {
  it('approves what a run waits for, adjusts it, and tells of refusals', async () => {
    await inWorld(server, { settings }, async (run) => {
      const { client } = server;
      const id = run.workflowId;
      await untilProgress(run, ({ waiting }) => waiting?.for === 'picks');
      expect(await refusal(approve(client, id, { by, picks: ['x'] }))).toContain('there is no candidate x');
      expect(await refusal(approve(client, id, { by, picks: ['x'], select: 'x' }))).toContain('picks first');
      expect(await refusal(adjust(client, id, { by }))).toBe(
        'nothing to change: name targets, candidates to add, or candidates to skip',
      );
      expect(
        await adjust(client, id, {
          by,
          tolerance: 2,
          ccpFactors: [1],
          add: [{ technique: 'spatial-svd', asked: 0.8, parent: null }],
          skip: ['ssvd-0.50'],
        }),
      ).toEqual([
        'tolerance changed from 1 to 2; ccpFactors changed from 0.95, 1, 1.05 to 1',
        'ssvd-0.80 added: spatial SVD of the original to 0.8',
        'ssvd-0.50 skipped',
      ]);
      expect(await refusal(adjust(client, id, { by, target: 0.51, skip: ['x'] }))).toMatch(
        /^there is no candidate x; .* \(already done: target changed from 0.5 to 0.51\)$/,
      );
      await pause(client, id, { by, reason: 'lunch' });
      expect((await run.query(progressQuery)).paused).toMatchObject({ by, reason: 'lunch' });
      await resume(client, id, { by });
      await untilProgress(
        run,
        (progress) => progress.waiting !== undefined && statusOf(progress, 'ssvd-0.80') === 'done',
      );
      expect(await approve(client, id, { by })).toBe('picks approved: ssvd-0.80, ssvd-0.75');
      await untilProgress(run, ({ waiting }) => waiting?.for === 'selection');
      expect(await approve(client, id, { by, select: 'ssvd-0.65' })).toBe('selection approved: ssvd-0.65');
      expect((await run.result()).selected).toBe('ssvd-0.65');

      const over = `run ${id} has ended: its status is completed`;
      expect(await refusal(approve(client, id, { by, select: 'ssvd-0.75' }))).toBe(over);
      expect(await refusal(finishEarly(client, id, { by }))).toBe(over);
      expect(await refusal(pause(client, id, { by }))).toBe(over);
      expect(await refusal(cancel(client, id))).toBe(over);
    });
  });

  it('cancels a run, and finishes one early', async () => {
    await inWorld(server, { settings }, async (run) => {
      await untilProgress(run, ({ waiting }) => waiting?.for === 'picks');
      await cancel(server.client, run.workflowId);
      await expect(run.result()).rejects.toThrow();
      const { memo, status } = await run.describe();
      expect(status.name).toBe('CANCELLED');
      expect(memo).toMatchObject({
        reached: 'cancelled in step pick: 3 candidates done',
        done: ['ssvd-0.50', 'ssvd-0.65', 'ssvd-0.75'],
      });
    });
    await inWorld(server, { settings }, async (run) => {
      await untilProgress(run, ({ waiting }) => waiting?.for === 'picks');
      expect(await finishEarly(server.client, run.workflowId, { by })).toBe(
        'finished early, with the candidates that are done',
      );
      expect((await run.result()).selected).toBe('ssvd-0.50');
    });
  });

  it('says that there is no such run, or that none waits', async () => {
    expect(await refusal(approve(server.client, 'nobody', { by }))).toBe('run nobody does not exist');
    expect(await refusal(resume(server.client, 'nobody', { by }))).toBe('run nobody does not exist');
    await inWorld(server, {}, async (run) => {
      await run.result();
      expect(await refusal(approve(server.client, run.workflowId, { by }))).toContain(
        'is not waiting for an approval',
      );
    });
  });
});
