import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';

import { waitsOf } from '../../client/events';
import { observe } from '../../client/observe';
import { failureTypeOf } from '../../contract/failure-reason';
import { waitingText } from '../../report/waiting';
import type { EvaluationQuestion, TrainingQuestion } from '../../run-spec/activity-contract';
import { Result } from '../../run-spec/result-schema';
import { CompressionSettings } from '../../run-spec/spec';
import { fakeInput, latch, untilCancelled } from '../support/fake-activities';
import { fresh, worldServer, replayed } from '../support/world';

const { server, inWorld } = worldServer();

/** A worker of the user's, who knows nothing of Slimflow. */
const theirs = (taskQueue: string, judge: (question: EvaluationQuestion) => Promise<unknown>) =>
  Worker.create({ connection: server().nativeConnection, taskQueue, activities: { judge } });

const plain = { techniques: ['spatial-svd'], ssvdTargets: [0.5] };

describe('the metric of a guidebook', () => {
  it('can be an activity of the user’s: every model is judged there, and layers are scored by fidelity', async () => {
    const taskQueue = fresh('theirs');
    const questions: EvaluationQuestion[] = [];
    const worker = await theirs(taskQueue, (question) => {
      questions.push(question);
      return Promise.resolve({ points: 90, details: { asked: questions.length } });
    });
    const metric = { activity: 'judge', taskQueue, version: 3, settings: { iou: 0.5 } };
    await worker.runUntil(() =>
      inWorld({ settings: { ...plain, metric } }, async (handle, calls) => {
        const result = Result.parse(await handle.result());
        expect(result).toMatchObject({ metric: 'judge', original: { metric: 90, test: 90 } });
        // The original and the candidate before and after training, then both on the test split.
        expect(questions).toHaveLength(5);
        expect(questions[0]).toMatchObject({
          contract: 1,
          settings: { iou: 0.5 },
          model: { path: fakeInput().model.uri },
        });
        const asked = (name: string) =>
          calls.filter(([called]) => called === name).map(([, request]) => request);
        expect(asked('evaluate')).toEqual([]);
        expect(asked('scoreLayer')[0]).toMatchObject({ method: { score: 'fidelity' } });
        expect(asked('analyze')[0]).toMatchObject({ rehearsal: { runs: [{}, {}, {}] } });
        await replayed(handle);
      }),
    );
  });

  it('can judge layers too, at each number of units that they are scored with', async () => {
    const taskQueue = fresh('theirs');
    const questions: EvaluationQuestion[] = [];
    const worker = await theirs(taskQueue, (question) => {
      questions.push(question);
      return Promise.resolve({ points: 90 });
    });
    const metric = { activity: 'judge', taskQueue, version: 3, scores: true };
    await worker.runUntil(() =>
      inWorld({ settings: { ...plain, metric } }, async (handle, calls) => {
        await handle.result();
        const asked = (name: string) =>
          calls.filter(([called]) => called === name).map(([, request]) => request);
        expect(asked('scoreLayer')).toHaveLength(3);
        expect(asked('trialModels')).toHaveLength(3);
        expect(asked('keepScores')).toEqual(
          Array(3).fill(
            expect.objectContaining({
              points: [
                { units: 1, points: 90 },
                { units: 2, points: 90 },
              ],
            }),
          ),
        );
        // Five models of the run, and two of each of the three layers.
        expect(questions).toHaveLength(5 + 6);
        const scoring = server().client.workflow.getHandle(
          `${handle.workflowId}/scores/original/spatial-svd`,
        );
        for (const one of [handle, scoring]) await replayed(one);
      }),
    );
  });

  it('goes with training by another activity of the user’s', async () => {
    const taskQueue = fresh('theirs');
    const questions: TrainingQuestion[] = [];
    const train = (question: TrainingQuestion) => {
      questions.push(question);
      return Promise.resolve({ steps: 7 });
    };
    const worker = await Worker.create({
      connection: server().nativeConnection,
      taskQueue,
      activities: { train },
    });
    const { fineTune } = CompressionSettings.parse({
      target: 0.5,
      tolerance: 1,
      fineTune: { activity: 'train', taskQueue, version: 2, settings: { epochs: 3 } },
    });
    await worker.runUntil(() =>
      inWorld({ settings: { ...plain, fineTune } }, async (handle, calls) => {
        const { candidates } = Result.parse(await handle.result());
        expect(questions).toMatchObject([{ contract: 1, settings: { epochs: 3 }, out: { path: 'out' } }]);
        expect(calls.filter(([name]) => name === 'fineTune')).toEqual([]);
        // The fake world tells a trained model by its metric.
        expect(candidates[0].metricAfter).toBeGreaterThan(candidates[0].metricBefore);
        await replayed(handle);
      }),
    );
  });

  it('that heartbeats is waited for when the run is cancelled, so that it can clean up', async () => {
    const taskQueue = fresh('theirs');
    const { released, release } = latch();
    let isClean = false;
    const worker = await theirs(taskQueue, async () => {
      release();
      await untilCancelled().catch((cancelled: unknown) => {
        isClean = true;
        throw cancelled;
      });
    });
    const metric = { activity: 'judge', taskQueue, version: 1, heartbeat: '10s' };
    await worker.runUntil(() =>
      inWorld({ settings: { ...plain, metric } }, async (handle) => {
        await released;
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow(/cancelled/i);
        expect(isClean).toBe(true);
      }),
    );
  });

  it('waits for an activity that nobody serves, and says so', () =>
    inWorld(
      { settings: { ...plain, metric: { activity: 'judge', taskQueue: 'nobody', version: 1 } } },
      async (handle) => {
        for await (const observation of observe(server().client, handle.workflowId, { intervalMs: 100 })) {
          const [wait] = waitsOf(observation);
          if (!wait) continue;
          expect(wait).toEqual({ for: 'activity', activity: 'judge', taskQueue: 'nobody' });
          expect(waitingText(wait)).toMatch(/activity judge on task queue nobody, which nobody serves/);
          break;
        }
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow();
      },
    ));

  it('fails with what the activity says, once that will not be retried', async () => {
    const taskQueue = fresh('theirs');
    const worker = await theirs(taskQueue, () =>
      Promise.reject(ApplicationFailure.nonRetryable('no GPU here', 'NoGpu')),
    );
    await worker.runUntil(() =>
      inWorld(
        { settings: { ...plain, metric: { activity: 'judge', taskQueue, version: 1 } } },
        async (handle) => {
          const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
          expect(failureTypeOf(error)).toBeUndefined();
          let innermost = error as Error;
          while (innermost.cause) innermost = innermost.cause as Error;
          expect(innermost.message).toBe('no GPU here');
        },
      ),
    );
  });

  it('can be fidelity: layers are scored by it, and models are judged by nearness to the original', () =>
    inWorld({ settings: { ...plain, metric: 'fidelity' } }, async (handle, calls) => {
      const result = Result.parse(await handle.result());
      expect(result.metric).toBe('fidelity');
      const metrics = calls.filter(([name]) => name === 'evaluate').map(([, request]) => request);
      expect(metrics.length).toBe(5);
      for (const request of metrics)
        expect(request).toMatchObject({ metric: { fidelity: { sha256: fakeInput().model.sha256 } } });
    }));
});
