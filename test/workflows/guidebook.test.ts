import { WorkflowFailedError } from '@temporalio/client';

import type { Activities } from '../../contract/activities';
import { Result } from '../../run-spec/result-schema';
import { progressQuery } from '../../workflow';
import {
  type Calls,
  fakeInput,
  fakeMacs,
  hopeless,
  untilCancelled,
  type World,
} from '../support/fake-activities';
import { worldServer, replayed } from '../support/world';

const { server, inWorld } = worldServer();
const compressions = (calls: Calls) =>
  calls.filter(([name]) => name === 'compress').map(([, request]) => (request as { target: number }).target);

describe('the guidebook workflow', () => {
  it('goes from the original to the selected model, and replays', async () => {
    await inWorld({}, async (handle, calls) => {
      const result = Result.parse(await handle.result());
      expect(result).toMatchObject({
        version: 1,
        outcome: 'selected',
        picks: ['ssvd-0.75', 'ssvd-0.65'],
        original: { macs: fakeMacs, metric: 98, test: 98, latencyMs: 10 },
        workflowId: handle.workflowId,
        unmet: null,
        failed: [],
      });
      expect(result.candidates.map(({ id }) => id)).toEqual([
        'ssvd-0.50',
        'ssvd-0.65',
        'ssvd-0.75',
        'ssvd-0.75/cp-0.63',
        'ssvd-0.75/cp-0.67',
        'ssvd-0.75/cp-0.70',
        'ssvd-0.65/cp-0.73',
        'ssvd-0.65/cp-0.77',
        'ssvd-0.65/cp-0.81',
      ]);
      // The closest to C from above that step 5 lets pass has the highest metric in this world.
      expect(result.selected).toBe('ssvd-0.75/cp-0.67');
      expect(result.final).toMatchObject({
        macRatio: expect.closeTo(0.5, 3) as number,
        latencyMs: expect.closeTo(5, 2) as number,
      });

      const tested = calls.filter(
        ([name, request]) => name === 'evaluate' && (request as { data: { range?: unknown } }).data.range,
      );
      expect(tested).toHaveLength(2);
      const scored = calls.filter(([name]) => name === 'scoreLayer');
      expect(scored).toHaveLength(9);

      const progress = await handle.query(progressQuery);
      expect(progress).toMatchObject({
        stage: 'done',
        scoring: [{ of: 'original', done: 3, total: 3 }, {}, {}],
      });
      expect(progress.candidates.find(({ id }) => id === result.selected)).toMatchObject({
        verdicts: [{ state: 'selected' }],
        decision: 'selected',
      });

      const child = (id: string) => server().client.workflow.getHandle(`${handle.workflowId}/${id}`);
      const scoring = child('scores/original/spatial-svd');
      for (const one of [handle, scoring, child('ssvd-0.65/cp-0.77')]) await replayed(one);
      const events = (await scoring.fetchHistory()).events ?? [];
      const summaries = events.map(({ userMetadata }) =>
        Buffer.from(userMetadata?.summary?.data ?? []).toString(),
      );
      expect(summaries).toContain('"Score layer c2 of the original for spatial SVD at 9 ratios"');
    });
  });

  it('revisits spatial SVD upwards after large drops, and says when it has to fall back', async () => {
    const world = { metric: (ratio: number) => 98 - (1 - ratio) * 20 };
    await inWorld({ world }, async (handle, calls) => {
      const result = await handle.result();
      expect(
        result.candidates
          .filter(({ technique }) => technique === 'spatial-svd')
          .map(({ id, round }) => [id, round]),
      ).toEqual([
        ['ssvd-0.50', 0],
        ['ssvd-0.65', 0],
        ['ssvd-0.75', 0],
        ['ssvd-0.82', 1],
        ['ssvd-0.88', 1],
        ['ssvd-0.91', 2],
        ['ssvd-0.94', 2],
      ]);
      expect(result.picks).toEqual(['ssvd-0.94']);
      expect(result.notes).toContainEqual(
        expect.stringContaining('revisit 2: every spatial SVD model lost more than 0.5'),
      );
      expect(result.notes).toContainEqual(
        expect.stringContaining('ssvd-0.94, with the smallest drop, goes on'),
      );
      expect(result).toMatchObject({
        outcome: 'requirement-not-met',
        selected: null,
        final: null,
        unmet: { stoppedBy: 'too much drop' },
      });
      // The scores of the original serve every round.
      expect(calls.filter(([name]) => name === 'collectScores')).toHaveLength(2);
      expect(
        calls.filter(([, request]) => (request as { data?: { range?: unknown } }).data?.range),
      ).toHaveLength(1);
    });
  });

  it('revisits spatial SVD downwards after drops well within', async () => {
    const settings = { ssvdTargets: [0.7, 0.9] };
    await inWorld({ settings, world: { metric: () => 98 } }, async (handle) => {
      const result = await handle.result();
      const spatial = result.candidates.filter(({ technique }) => technique === 'spatial-svd');
      expect(spatial.map(({ id, round }) => [id, round])).toEqual([
        ['ssvd-0.70', 0],
        ['ssvd-0.90', 0],
        ['ssvd-0.60', 1],
        ['ssvd-0.55', 2],
      ]);
      expect(result.outcome).toBe('selected');
    });
  });

  it('reports what stopped it if no model is small enough', async () => {
    const settings = { techniques: ['spatial-svd'], ssvdTargets: [0.6, 0.7] };
    await inWorld({ settings }, async (handle, calls) => {
      const result = await handle.result();
      expect(result).toMatchObject({
        outcome: 'requirement-not-met',
        picks: [],
        unmet: { best: 'ssvd-0.60', stoppedBy: 'too far from the target' },
      });
      expect(compressions(calls).sort()).toEqual([0.6, 0.7]);
    });
  });

  it('runs channel pruning alone around C', async () => {
    await inWorld({ settings: { techniques: ['channel-pruning'] } }, async (handle, calls) => {
      const result = await handle.result();
      expect(compressions(calls).sort()).toEqual([0.475, 0.5, 0.525]);
      expect(result).toMatchObject({ outcome: 'selected', selected: 'cp-0.50' });
    });
  });

  it('makes candidates of both decompositions, and picks among them all', async () => {
    const settings = {
      techniques: ['spatial-svd', 'weight-svd', 'channel-pruning'],
      ssvdTargets: [0.6, 0.8],
      cost: 'params',
      pruning: { coupled: false },
    };
    await inWorld({ settings }, async (handle, calls) => {
      const result = await handle.result();
      const ids = result.candidates.filter(({ parent }) => !parent).map(({ id }) => id);
      expect(ids).toEqual(['ssvd-0.60', 'ssvd-0.80', 'wsvd-0.60', 'wsvd-0.80']);
      expect(result).toMatchObject({
        cost: 'params',
        picks: ['ssvd-0.80', 'wsvd-0.80'],
        outcome: 'selected',
      });
      expect(result.final!.ratio).toBeCloseTo(0.5, 2);
      const [, request] = calls.find(([name]) => name === 'compress')!;
      expect(request).toMatchObject({ method: { cost: 'params', coupled: false, ignore: [] } });
    });
  });

  it('asks for fine-tuning after each layer if the spec does, and for the rest of it after the whole', async () => {
    const fineTune = { epochs: 3, perLayer: { epochs: 0.25 } };
    await inWorld({ settings: { fineTune } }, async (handle, calls) => {
      expect((await handle.result()).failed).toEqual([]);
      const requests = (asked: keyof Activities) =>
        calls.filter(([name]) => name === asked).map(([, request]) => request);
      const whole = { ...fakeInput().settings.fineTune, epochs: 3 } as Record<string, unknown>;
      delete whole.perLayer;
      for (const request of requests('compress'))
        expect(request).toMatchObject({ fineTuneEach: { ...whole, epochs: 0.25 } });
      for (const request of requests('fineTune'))
        expect((request as { settings: object }).settings).toEqual(whole);
      for (const [, request] of calls) expect(request).not.toHaveProperty('teacher');
    });
  });

  it('has compressed models learn from the original where the spec does, and tells what became of it', async () => {
    const fineTune = { epochs: 1, perLayer: { epochs: 0.5 }, distillation: { weight: 0.5 } };
    const world = { tuningNotes: ['fine-tuning kept the state after epoch 1 of 2'] };
    await inWorld({ settings: { fineTune }, world }, async (handle, calls) => {
      const { candidates, notes } = await handle.result();
      const requests = calls.filter(([name]) => name === 'compress' || name === 'fineTune');
      expect(requests).toHaveLength(2 * candidates.length);
      for (const [, request] of requests) expect(request).toMatchObject({ teacher: fakeInput().model });
      expect(notes).toEqual(
        expect.arrayContaining(candidates.map(({ id }) => `${id}: ${world.tuningNotes[0]}`)),
      );
    });
  });

  it('goes on without a candidate that fails', async () => {
    const world = {
      before: (name: keyof Activities, request: unknown) => {
        if (name === 'fineTune' && (request as { model: { uri: string } }).model.uri.includes('750000'))
          throw hopeless('Diverged', 'the loss grew without bound');
      },
    };
    await inWorld({ world }, async (handle) => {
      const result = await handle.result();
      expect(result.outcome).toBe('selected');
      expect(result.failed).toEqual([
        {
          id: 'ssvd-0.75',
          technique: 'spatial-svd',
          parent: null,
          round: 0,
          asked: 0.75,
          reason: 'the loss grew without bound',
          verdicts: [{ state: 'failed', why: 'the loss grew without bound' }],
        },
      ]);
      const { candidates } = await handle.query(progressQuery);
      expect(candidates.find(({ id }) => id === 'ssvd-0.75')).toMatchObject({
        status: 'failed',
        decision: 'failed: the loss grew without bound',
      });
    });
  });

  it.each([
    [
      'no candidate could be made',
      { before: failing('compress', 'no such rank') },
      'no candidate could be made: ssvd-0.50: no such rank',
    ],
    ['the original can not be evaluated', { original: NaN }, "the original's top1 is not a finite number"],
    [
      'nothing can be compressed',
      { parts: [] },
      'the model has no layer that spatial-svd or channel-pruning can compress',
    ],
    ['a layer can not be scored', { before: failing('scoreLayer', 'bad layer') }, 'bad layer'],
  ])('fails when %s', async (_, world, message) => {
    await inWorld({ world }, async (handle) => {
      const error = await handle.result().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      let inner = error as Error;
      while (inner.cause instanceof Error) inner = inner.cause;
      expect(inner.message).toContain(message);
    });
  });

  it('stops its children and their activities when it is cancelled', async () => {
    let stopped = 0;
    let tuning = 0;
    const world = {
      before: async (name: keyof Activities) => {
        if (name !== 'fineTune') return;
        const ends = 300 * tuning++; // one after the other: the run has to wait for the last
        await untilCancelled().finally(async () => {
          await new Promise((resolve) => setTimeout(resolve, ends));
          stopped++;
        });
      },
    };
    await inWorld({ world }, async (handle) => {
      while (tuning < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
      expect(stopped).toBe(3);
      const child = await server().client.workflow.getHandle(`${handle.workflowId}/ssvd-0.50`).describe();
      expect(child.status.name).toBe('CANCELLED');
      const { status, memo } = await handle.describe();
      expect(status.name).toBe('CANCELLED');
      expect(memo).toMatchObject({
        outcome: 'cancelled',
        reached: 'cancelled in step SVD: 0 candidates done, 3 given up',
      });
      const { stage, candidates, notes } = await handle.query(progressQuery);
      expect(stage).toBe('SVD');
      expect(candidates.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(notes).toContain(memo!.reached);
    });
  });

  it.each(['analyze', 'scoreLayer', 'latency'] as const)(
    'is over only once %s has stopped, where it is cancelled in it',
    async (activity) => {
      let began = 0;
      let ended = 0;
      const before = async (name: keyof Activities) => {
        if (name !== activity) return;
        began++;
        await untilCancelled().finally(async () => {
          await new Promise((resolve) => setTimeout(resolve, 300)); // a run that did not wait would be over by then
          ended++;
        });
      };
      await inWorld({ world: { before } }, async (handle) => {
        while (!began) await new Promise((resolve) => setTimeout(resolve, 50));
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
        expect((await handle.describe()).status.name).toBe('CANCELLED');
        expect(ended).toBe(began);
      });
    },
  );
});

/** Fails every call of one activity. */
function failing(activity: keyof Activities, message: string): World['before'] {
  return (name) => {
    if (name === activity) throw hopeless('InvalidSettings', message);
  };
}
