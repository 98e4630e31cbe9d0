import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { Technique } from '../engine/names';
import type { GuidebookProgress } from './run';

/** Who decides, and why; recorded in the run's `decisions`. */
export interface ByPerson {
  /** Name, address or account of the person, at most 100 characters. */
  readonly by: string;
  /** At most 300 characters. */
  readonly note?: string;
}

/** Approves what goes on to channel pruning. */
export interface ApprovePicks extends ByPerson {
  /** Candidates that go on to channel pruning; those that the rule proposes if it is left out. */
  readonly picks?: readonly string[];
}

/** Approves the result. */
export interface ApproveSelection extends ByPerson {
  /** The candidate to take; the one that the rule proposes if it is left out. */
  readonly candidate?: string;
}

/** Changes what is asked for. */
export interface ChangeTargets extends ByPerson {
  /** C, above 0 and below 1. */
  readonly target?: number;
  /** X, in points. */
  readonly tolerance?: number;
  /** Cssvd, each above 0 and below 1; until step 2 has planned its candidates. */
  readonly ssvdTargets?: readonly number[];
  /** Until step 4 has begun. */
  readonly ccpFactors?: readonly number[];
}

/** Asks for one more candidate. */
export interface AddCandidate extends ByPerson {
  readonly technique: Technique;
  /** The ratio asked for, relative to the parent; above 0 and below 1. */
  readonly asked: number;
  /** The candidate to prune; null for the original. */
  readonly parent: string | null;
}

/** Leaves a candidate out. */
export interface SkipCandidate extends ByPerson {
  readonly id: string;
}

/** Who pauses a run, and why. */
export interface PauseRequest {
  readonly by: string;
  readonly reason?: string;
}

/** Who resumes a run. */
export interface ResumeRequest {
  readonly by: string;
}

/**
 * Progress of a guidebook run; closed runs answer it too.
 *
 * @example
 * ```ts
 * import { progressQuery } from 'slimflow';
 *
 * const { stage, candidates } = await client.workflow.getHandle(workflowId).query(progressQuery);
 * console.log(stage, candidates.map(({ id, status }) => `${id}: ${status}`));
 * ```
 */
export const progressQuery = defineQuery<GuidebookProgress>('progress');

/** Decides which candidates go on to channel pruning. Every update answers with a sentence on what it did. */
export const approvePicksUpdate = defineUpdate<string, [ApprovePicks]>('approvePicks');
/** Decides which candidate is the result. */
export const approveSelectionUpdate = defineUpdate<string, [ApproveSelection]>('approveSelection');
/** Changes settings for candidates that are not planned yet. */
export const changeTargetsUpdate = defineUpdate<string, [ChangeTargets]>('changeTargets');
/** Has one more candidate made, beside those that run. */
export const addCandidateUpdate = defineUpdate<string, [AddCandidate]>('addCandidate');
/** Stops a candidate that is being made, or leaves one that is done out of pick and selection. */
export const skipCandidateUpdate = defineUpdate<string, [SkipCandidate]>('skipCandidate');
/** Goes to step 5 with the candidates that are done. */
export const finishEarlyUpdate = defineUpdate<string, [ByPerson]>('finishEarly');

/** No activity is started from here on; those that run end. */
export const pauseSignal = defineSignal<[PauseRequest]>('pause');
/** Starts activities again. */
export const resumeSignal = defineSignal<[ResumeRequest]>('resume');
