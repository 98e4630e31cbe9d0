import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';

import type { HeartbeatDetails } from '../../contract/activities';
import { EngineError } from '../../engine/errors';
import { JobProcessError } from '../../engine/pools/process-error';
import type { RunOptions } from '../../engine/pools/job-runner';
import { compute } from '../support/method';
import { queueOf } from '../../contract/task-queues';
import { latch } from '../support/fake-activities';
import { atWork, silent } from '../support/workplace';

it('work whose native code crashes is tried three times, by whichever worker, and then given up', () =>
  atWork(
    {
      evaluate: () => {
        throw new JobProcessError('Crashed', 'native code crashed in evaluate, exit signal SIGSEGV');
      },
    },
    async ({ do: perform, model, split, calls }) => {
      let heartbeatDetails: HeartbeatDetails | undefined;
      const attempt = async (number: number) => {
        const environment = new MockActivityEnvironment(
          { attempt: number, heartbeatDetails },
          { logger: silent },
        );
        environment.on('heartbeat', (details: HeartbeatDetails) => (heartbeatDetails = details));
        const request = { model, data: split, metric: 'top1', compute } as const;
        return perform('evaluate', request, environment).catch((error: unknown) => error);
      };
      expect(await attempt(1)).toMatchObject({ type: 'NativeCrash', nonRetryable: false });
      expect(await attempt(2)).toMatchObject({ type: 'NativeCrash', nonRetryable: false });
      expect(await attempt(3)).toMatchObject({
        nonRetryable: true,
        message: expect.stringMatching(/SIGSEGV\. It did so 3 times on this model/) as string,
      });
      expect(calls).toHaveLength(3);
    },
  ));

it('work that did not fit is tried alone', () => {
  const alone: (boolean | undefined)[] = [];
  return atWork(
    {
      evaluate: (_, options: RunOptions) => {
        alone.push(options.alone);
        if (options.alone) return { value: 1, samples: 1 };
        throw new JobProcessError('OutOfMemory', 'too much');
      },
    },
    async ({ do: perform, model, split }) => {
      let heartbeatDetails: HeartbeatDetails | undefined;
      const request = { model, data: split, metric: 'top1', compute } as const;
      const environment = (attempt: number) => {
        const fresh = new MockActivityEnvironment({ attempt, heartbeatDetails }, { logger: silent });
        fresh.on('heartbeat', (details: HeartbeatDetails) => (heartbeatDetails = details));
        return fresh;
      };
      await expect(perform('evaluate', request, environment(1))).rejects.toMatchObject({
        nonRetryable: false,
      });
      expect((await perform('evaluate', request, environment(2))).value).toBe(1);
      expect(alone).toEqual([false, true]);
    },
  );
});

describe('work for which there is no room', () => {
  // What takes long is over at once.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it.each([
    [1, 10],
    [4, 80],
    [40, 10_240],
  ])('is handed back at try %d, after %d s in which it did not begin', (attempt, seconds) => {
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    let isStopped = false;
    return atWork(
      {
        evaluate: (_, { signal }: RunOptions) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => {
              isStopped = true;
              reject(new EngineError('Cancelled', 'stopped'));
            });
            isAsked();
          }),
      },
      async ({ do: perform, model, split }) => {
        const heartbeatDetails: HeartbeatDetails = { done: 0, total: 0, note: '', over: true };
        const environment = new MockActivityEnvironment({ attempt, heartbeatDetails }, { logger: silent });
        const work = perform('evaluate', { model, data: split, metric: 'top1', compute }, environment);
        work.catch(() => undefined); // it is looked at below
        await asked;
        await jest.advanceTimersByTimeAsync(1000 * seconds - 100);
        expect(isStopped).toBe(false);
        await jest.advanceTimersByTimeAsync(200);
        await expect(work).rejects.toMatchObject({ type: 'NoRoom', nonRetryable: false });
      },
    );
  });

  it('is waited for no more once it began', () => {
    const jobs = latch();
    const asked = latch();
    return atWork(
      {
        evaluate: async (_, { onStart }: RunOptions) => {
          onStart?.();
          asked.release();
          await jobs.released;
          return { value: 1, samples: 1 };
        },
      },
      async ({ do: perform, model, split }) => {
        const work = perform('evaluate', { model, data: split, metric: 'top1', compute });
        await asked.released;
        await jest.advanceTimersByTimeAsync(60_000);
        jobs.release();
        expect((await work).value).toBe(1);
      },
    );
  });
});

it('work that may not fit is done elsewhere where there is a queue for it, and it does not come from there', () => {
  const elsewhere: (boolean | undefined)[] = [];
  return atWork(
    {
      evaluate: (_, options: RunOptions) => {
        elsewhere.push(options.elsewhere);
        throw new JobProcessError('OutOfMemory', 'too much');
      },
    },
    async ({ do: perform, model, split }) => {
      for (const [kind, details] of [
        [undefined, [{ queue: 'large' }]],
        ['large', undefined],
      ] as const) {
        const environment = new MockActivityEnvironment(
          { taskQueue: queueOf('q', kind) },
          { logger: silent },
        );
        const work = perform('evaluate', { model, data: split, metric: 'top1', compute }, environment);
        await expect(work).rejects.toMatchObject({ type: 'OutOfMemory', nonRetryable: kind === undefined });
        await expect(work).rejects.toMatchObject(details ? { details } : {});
      }
      expect(elsewhere).toEqual([true, false]);
    },
    undefined,
    { overflow: true },
  );
});

it('work that ten workers were lost over is not begun again', () =>
  atWork({}, async ({ do: perform, model, split, calls }) => {
    const setbacks = { crashed: 0, stalled: 0, outOfMemory: 0, lost: 9 };
    const heartbeatDetails: HeartbeatDetails = { done: 0, total: 0, note: '', setbacks };
    const environment = new MockActivityEnvironment({ attempt: 11, heartbeatDetails }, { logger: silent });
    const work = perform('evaluate', { model, data: split, metric: 'top1', compute }, environment);
    await expect(work).rejects.toMatchObject({ type: 'WorkersLost', nonRetryable: true });
    expect(calls).toEqual([]);
  }));

it('a worker that is stopped gives a job time for a checkpoint, and hands its work back', () => {
  let grace: number | undefined;
  return atWork(
    {
      evaluate: (_, options: RunOptions) =>
        new Promise((_resolve, reject) => {
          options.signal?.addEventListener('abort', () => {
            grace = options.grace?.();
            reject(new EngineError('Cancelled', 'stopped'));
          });
          options.onProgress?.({ done: 1, total: 2, note: 'half' });
        }),
    },
    async ({ do: perform, model, split }) => {
      const environment = new MockActivityEnvironment({}, { logger: silent });
      const details = {
        cancelRequested: false,
        notFound: false,
        paused: false,
        timedOut: false,
        reset: false,
      };
      environment.once('heartbeat', () =>
        environment.cancel(
          'WORKER_SHUTDOWN',
          new ActivityCancellationDetails({ ...details, workerShutdown: true }),
        ),
      );
      const work = perform('evaluate', { model, data: split, metric: 'top1', compute }, environment);
      await expect(work).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
      expect(grace).toBe(5000);
    },
  );
});
