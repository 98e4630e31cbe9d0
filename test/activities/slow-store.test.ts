import { ActivityCancellationDetails, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { FineTuneInput, Progress } from '../../engine/jobs/types';
import { StoreError } from '../../store/store-errors';
import type { Store } from '../../store/store';
import { latch } from '../support/fake-activities';
import { compute, provenance } from '../support/method';
import { atWork, silent } from '../support/workplace';

type Method =
  'result' | 'checkpoint' | 'path' | 'setCheckpoint' | 'putFiles' | 'setResult' | 'dropCheckpoint';
const minute = 60_000;

// What takes hours is over at once; files are real.
beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

/** A store in which one method waits before each call; `asked` is called each time. */
const waiting =
  (
    method: Method,
    before: () => Promise<void>,
    asked: (answer: Promise<unknown>) => void = () => undefined,
  ) =>
  (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function' || name !== method) return member;
        return (...args: unknown[]) => {
          const answer = before().then(() => (member as (...args: unknown[]) => unknown).apply(target, args));
          asked(answer);
          return answer;
        };
      },
    });

/** A trainer of one step, with a checkpoint after it. */
async function trainer(
  { checkpoints, resume, out }: FineTuneInput,
  { onProgress, signal }: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
) {
  signal?.throwIfAborted();
  const checkpoint = join(checkpoints, 'step-1');
  writeFileSync(checkpoint, 'step 1');
  onProgress?.({ done: 1, total: 1, note: 'epoch 1/1', checkpoint });
  writeFileSync(out, 'tuned');
  const resumedAt = resume ? 1 : 0;
  return { steps: 1, resumedAt, losses: [1], retries: [], notes: [], provenance };
}

const settings = {
  epochs: 1,
  learningRate: 0.01,
  batch: 1,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'one-cycle',
  seed: 0,
} as const;

/** A fine-tuning in a store that stalls in a method until it is released. */
function stalled(
  method: Method,
  use: (at: {
    readonly environment: MockActivityEnvironment;
    readonly tuned: Promise<{ readonly model: { readonly sha256: string; readonly bytes: number } }>;
    /** Fulfilled once the store stalls. */
    readonly stalls: Promise<void>;
    readonly release: () => void;
    readonly store: Store & { readonly root: string };
    readonly jobs: () => number;
  }) => Promise<void>,
): Promise<void> {
  const stall = latch();
  const reached = latch();
  const asked: Promise<unknown>[] = [];
  const stalling = () => {
    reached.release();
    return stall.released;
  };
  return atWork(
    { fineTune: trainer },
    async ({ do: perform, model, split, store, calls }) => {
      const environment = new MockActivityEnvironment({}, { logger: silent });
      const tuned = perform('fineTune', { model, data: split, settings, compute }, environment);
      tuned.catch(() => undefined); // whoever awaits it gets the error
      const jobs = () => calls.length;
      await use({ environment, tuned, stalls: reached.released, release: stall.release, store, jobs });
      // What was given up goes on to its end, for which there has to be a store.
      stall.release();
      await Promise.allSettled(asked);
    },
    waiting(method, stalling, (answer) => asked.push(answer)),
  );
}

/** Returns the content under a name of a store. */
const namesIn = (root: string, room: string) =>
  existsSync(join(root, room)) ? readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }) : [];

const everywhere = ['result', 'checkpoint', 'path', 'setCheckpoint', 'putFiles', 'setResult'] as const;

describe('a store that answers after hours', () => {
  it.each([...everywhere, 'dropCheckpoint'] as const)(
    'is waited for in %s: heartbeats go on, nothing is taken to hang, and all is done once',
    (method) =>
      stalled(method, async ({ environment, tuned, stalls, release, store, jobs }) => {
        let beats = 0;
        environment.on('heartbeat', () => beats++);
        await stalls;
        const before = beats;
        await jest.advanceTimersByTimeAsync(120 * minute);
        expect(beats - before).toBeGreaterThanOrEqual(3600);
        release();
        const { model } = await tuned;
        expect(readFileSync(await store.path(model), 'utf8')).toBe('tuned');
        expect(jobs()).toBe(1);
        expect(namesIn(store.root, 'results')).toHaveLength(1);
        expect(namesIn(store.root, 'scratch')).toEqual([]);
        expect(namesIn(store.root, 'checkpoints')).toEqual([]);
      }),
  );

  it.each(everywhere)('does not keep a cancelled activity in %s', (method) =>
    stalled(method, async ({ environment, tuned, stalls, release, store, jobs }) => {
      await stalls;
      const before = jobs();
      environment.cancel();
      await jest.advanceTimersByTimeAsync(1000);
      await expect(tuned).rejects.toBeInstanceOf(CancelledFailure);
      expect(namesIn(store.root, 'scratch')).toEqual([]);
      expect(namesIn(store.root, 'results')).toEqual([]);

      release();
      await jest.advanceTimersByTimeAsync(minute);
      // Work was neither begun nor gone on with.
      expect(jobs()).toBe(before);
      if (method !== 'setResult') expect(namesIn(store.root, 'results')).toEqual([]);
    }),
  );

  it('does not keep a worker that is told to stop: the work is handed back', () =>
    stalled('setCheckpoint', async ({ environment, tuned, stalls }) => {
      await stalls;
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
      await jest.advanceTimersByTimeAsync(8000);
      await expect(tuned).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
    }));
});

it('a checkpoint is kept until the result is', () => {
  let isFull = true;
  const within = waiting('setResult', async () => {
    if (isFull) throw new StoreError('StoreFull', 'no space is left');
  });
  return atWork(
    { fineTune: trainer },
    async ({ do: perform, model, split, store }) => {
      const request = { model, data: split, settings, compute } as const;
      await expect(perform('fineTune', request)).rejects.toMatchObject({ type: 'StoreFull' });
      isFull = false;
      expect(await perform('fineTune', request)).toMatchObject({ resumedAt: 1 });
      expect(namesIn(store.root, 'checkpoints')).toEqual([]);
    },
    within,
  );
});
