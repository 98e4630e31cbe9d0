import { ApplicationFailure, Context } from '@temporalio/activity';

import type { Activities } from '../../../contract/activities';
import { isQueueOf } from '../../../contract/task-queues';
import { hopeless, untilCancelled, type World } from '../fake-activities';
import { called, candidate, one, parts, run, type Scenario, scoringOf } from './scenario';

const cancelDuring = (activity: keyof Activities): Pick<Scenario, 'world' | 'during'> => ({
  world: { parts, before: (name) => (name === activity ? untilCancelled() : undefined) },
  during: async (handle, calls) => {
    await called(calls, activity, 1);
    await handle.cancel();
  },
});
/** Cancels a run while an activity runs, whose store is away: it fails for that reason. */
const cancelWithoutStore = (activity: keyof Activities): Pick<Scenario, 'world' | 'during'> => ({
  ...cancelDuring(activity),
  world: {
    parts,
    before: (name) =>
      name === activity
        ? untilCancelled().catch(() => {
            throw hopeless('StoreUnreachable', 'connect ECONNREFUSED');
          })
        : undefined,
  },
});
const failing = (activity: keyof Activities, message: string): Partial<World> => ({
  parts,
  before: (name) => {
    if (name === activity) throw hopeless('Diverged', message);
  },
});
/** Fails the first call of an activity, as a worker that is lost does: it is tried again. */
function onceFailing(activity: keyof Activities): Partial<World> {
  let failed = false;
  const before: World['before'] = (name) => {
    if (name !== activity || failed) return;
    failed = true;
    throw new Error('the connection was lost');
  };
  return { parts, before };
}

/** The store loses the scores of a layer once, which an activity needs. */
function losingScores(activity: keyof Activities): Partial<World> {
  let scored: unknown;
  let isLost = false;
  const before: World['before'] = (name, request) => {
    if (name === 'scoreLayer') scored ??= request;
    if (name !== activity || isLost) return;
    isLost = true;
    throw ApplicationFailure.create({
      type: 'ArtifactMissing',
      message: 'the scores of a layer are gone; they are made again',
      nonRetryable: true,
      details: [[{ key: 'scores', activity: 'scoreLayer', request: scored }]],
    });
  };
  return { parts, before };
}

/** Fine-tuning needs more memory than any worker has but those of the queue for large work. */
const tooLarge: Partial<World> = {
  parts,
  before: (name) => {
    if (name !== 'fineTune' || isQueueOf(Context.current().info.taskQueue, 'large')) return;
    throw ApplicationFailure.create({
      type: 'OutOfMemory',
      message: 'it needs more memory than this worker has',
      nonRetryable: true,
      details: [{ queue: 'large' }],
    });
  },
};

/** Runs in which something fails, is lost, too large, or cancelled. */
export const setbacks = (): Scenario[] => [
  { name: 'tried-again', world: onceFailing('fineTune'), start: run(one), keep: ['', candidate] },
  {
    name: 'candidates-fail',
    world: failing('fineTune', 'the loss grew without bound'),
    start: run(one),
    keep: ['', candidate],
  },
  {
    name: 'a-layer-fails',
    world: failing('scoreLayer', 'the layer has no finite score'),
    start: run(one),
    keep: ['', scoringOf],
  },
  { name: 'made-again', world: losingScores('compress'), start: run(one), keep: ['', candidate] },
  { name: 'scored-again', world: losingScores('collectScores'), start: run(one), keep: ['', scoringOf] },
  {
    name: 'handed-to-large',
    world: tooLarge,
    queues: ['cpu', 'large'],
    start: run({ ...one, compute: { provider: 'cpu', queues: 'by-need' } }),
    keep: ['', candidate],
  },
  {
    name: 'cancelled-in-scoring',
    ...cancelDuring('scoreLayer'),
    start: run(one),
    keep: ['', scoringOf],
  },
  {
    name: 'cancelled-without-store',
    ...cancelWithoutStore('fineTune'),
    start: run(one),
    keep: ['', candidate],
  },
  { name: 'cancelled-in-training', ...cancelDuring('fineTune'), start: run(one), keep: ['', candidate] },
];
