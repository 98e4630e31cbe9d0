import {
  addCandidateUpdate,
  approvePicksUpdate,
  approveSelectionUpdate,
  changeTargetsUpdate,
  finishEarlyUpdate,
  pauseSignal,
  resumeSignal,
  scoringQuery,
  skipCandidateUpdate,
} from '../../../workflow';
import { chain } from '../fake-server';
import { until } from '../until';
import { eventsOf, holding, isWaiting, reviewed, statusOf, untilProgress } from '../world';
import { called, candidate, one, parts, run, type Scenario, scoring, scoringWorld } from './scenario';

const by = 'ada';
/** Two decompositions, and one pruned model of each that is picked. */
const few = { ssvdTargets: [0.65, 0.75], ccpFactors: [1] };

const reviews: Pick<Scenario, 'world' | 'start' | 'during'> = {
  world: { parts },
  start: run({ ...reviewed(), ...few }),
  during: async (handle) => {
    await untilProgress(handle, isWaiting('picks'));
    await handle.executeUpdate(approvePicksUpdate, { args: [{ picks: [candidate], by }] });
    await untilProgress(handle, isWaiting('selection'));
    await handle.executeUpdate(approveSelectionUpdate, { args: [{ by }] });
  },
};

/** In both reviews, people change what is proposed before they approve. */
const changes: Pick<Scenario, 'world' | 'start' | 'during'> = {
  world: { parts },
  start: run({ ...reviewed({ timeout: '1d' }), ...few }),
  during: async (handle) => {
    const added = `${candidate}/cp-0.50`;
    await untilProgress(handle, isWaiting('picks'));
    await handle.executeUpdate(changeTargetsUpdate, { args: [{ target: 0.6, ccpFactors: [0.9], by }] });
    await handle.executeUpdate(addCandidateUpdate, {
      args: [{ technique: 'spatial-svd', asked: 0.9, parent: null, by }],
    });
    await untilProgress(handle, ({ waiting }) => waiting?.proposed.includes('ssvd-0.90') ?? false);
    await handle.executeUpdate(skipCandidateUpdate, { args: [{ id: 'ssvd-0.75', by }] });
    await handle.executeUpdate(approvePicksUpdate, { args: [{ picks: ['ssvd-0.90'], by }] });
    await untilProgress(handle, isWaiting('selection'));
    await handle.executeUpdate(addCandidateUpdate, {
      args: [{ technique: 'channel-pruning', asked: 0.5, parent: candidate, by }],
    });
    await untilProgress(
      handle,
      (progress) => statusOf(progress, added) === 'done' && isWaiting('selection')(progress),
    );
    await handle.executeUpdate(approveSelectionUpdate, { args: [{ candidate: added, by }] });
  },
};

/** One candidate is held while others are added, approved ahead of the review, and it is skipped. */
function steers(): Pick<Scenario, 'world' | 'start' | 'during'> {
  const { world } = holding('fineTune', 650_000);
  return {
    world: { parts, ...world },
    start: run({ ...reviewed({ afterSelect: false }), ...few }),
    during: async (handle) => {
      await untilProgress(handle, (progress) => statusOf(progress, 'ssvd-0.75') === 'done');
      await handle.executeUpdate(addCandidateUpdate, {
        args: [{ technique: 'spatial-svd', asked: 0.7, parent: null, by }],
      });
      await untilProgress(handle, (progress) => statusOf(progress, 'ssvd-0.70') === 'done');
      await handle.executeUpdate(approvePicksUpdate, { args: [{ by }] });
      await handle.executeUpdate(skipCandidateUpdate, { args: [{ id: candidate, by }] });
    },
  };
}

/** It is finished while one candidate is held, and the run is paused. */
function finishes(): Pick<Scenario, 'world' | 'start' | 'during'> {
  const { world } = holding('fineTune', 750_000);
  return {
    world: { parts, ...world },
    start: run({ ...one, ...few }),
    during: async (handle) => {
      await untilProgress(handle, (progress) => statusOf(progress, candidate) === 'done');
      await handle.signal(pauseSignal, { by });
      await handle.executeUpdate(finishEarlyUpdate, { args: [{ by }] });
    },
  };
}

/** The compression waits for leave, so that the pause comes while it is under way. */
function pauses(): Pick<Scenario, 'world' | 'start' | 'during'> {
  const { world, release } = holding('compress', 1_000_000);
  return {
    world: { parts, ...world },
    start: run(one),
    during: async (handle, calls, client) => {
      await called(calls, 'compress', 1);
      await handle.signal(pauseSignal, { by, reason: 'the GPU is needed' });
      const child = client.workflow.getHandle(`${handle.workflowId}/${candidate}`);
      const has = async (event: string) => (await eventsOf(child)).includes(`${event}EventAttributes`);
      await until(() => has('workflowExecutionSignaled'));
      release();
      await until(() => has('activityTaskCompleted'));
      await handle.signal(resumeSignal, { by });
    },
  };
}

/** The collection of scores waits for leave, so that the pause comes right before the scoring continues as new. */
function pausesScoring(): Pick<Scenario, 'world' | 'during'> {
  let leave = () => {};
  const left = new Promise<void>((resolve) => (leave = resolve));
  return {
    world: { ...scoringWorld(4), before: (name) => (name === 'collectScores' ? left : undefined) },
    during: async (handle, calls, client) => {
      await called(calls, 'collectScores', 1);
      await handle.signal(pauseSignal, { by, reason: 'the GPU is needed' });
      leave();
      await until(async () => (await chain({ client }, handle.workflowId)).length === 2);
      const latest = client.workflow.getHandle(handle.workflowId);
      await latest.query(scoringQuery); // its first task is done, and began nothing
      await latest.signal(resumeSignal, { by });
    },
  };
}

/** Nobody comes to a review, and what the spec says for that happens. */
const timesOut = (onTimeout: 'continue' | 'stop'): Pick<Scenario, 'world' | 'start'> => ({
  world: { parts },
  start: run({ ...reviewed({ timeout: '1s', onTimeout }), ...few }),
});

/** Runs that people look at, change, pause and finish. */
export const withPeople = (): Scenario[] => [
  { name: 'reviewed', ...reviews, keep: [''] },
  { name: 'changed-in-reviews', ...changes, keep: [''] },
  { name: 'review-times-out', ...timesOut('continue'), keep: [''] },
  { name: 'review-stops-the-run', ...timesOut('stop'), keep: [''] },
  {
    name: 'cancelled-in-review',
    world: { parts },
    start: run({ ...reviewed(), ...one }),
    during: async (handle) => {
      await untilProgress(handle, isWaiting('selection'));
      await handle.cancel();
    },
    keep: [''],
  },
  { name: 'added-and-skipped', ...steers(), keep: ['', candidate] },
  { name: 'finished-early', ...finishes(), keep: ['', 'ssvd-0.75'] },
  { name: 'paused', ...pauses(), keep: ['', candidate] },
  { name: 'paused-scoring', ...pausesScoring(), start: scoring(4, { layers: 2, inFlight: 2 }), keep: [''] },
];
