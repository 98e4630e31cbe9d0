import type { CandidateProgress, GuidebookProgress } from '../contract/run';
import type { Observation } from './observation';
import type { RunRecord } from './run-record';

/** Facts that the estimate is made from. */
export interface Known extends Pick<Observation, 'work' | 'scoringLeft'> {
  readonly progress: Pick<GuidebookProgress, 'stage' | 'scoring' | 'candidates'>;
  readonly record: Pick<RunRecord, 'input' | 'pieces'>;
  /** Now, in ms since 1970. */
  readonly now: number;
}

/** Stages in which candidates are made. */
const making: readonly GuidebookProgress['stage'][] = ['baseline', 'SVD', 'pick', 'channel pruning'];

/**
 * Estimates the seconds left of a run from what it has done so far: candidates in progress and to come take as long as
 * those that are done, as many at a time; models to come are scored as fast as the first.
 * @returns undefined before the first candidate is done, while a person has to decide, and in the last steps
 */
export function secondsLeft({ progress, record, scoringLeft = {}, now }: Known): number | undefined {
  if (!making.includes(progress.stage)) return undefined;
  const times = timesOf(progress.candidates, record);
  const done = times.filter(({ row, seconds }) => row.status === 'done' && seconds > 0);
  if (!done.length) return undefined;
  const mean = done.reduce((sum, { seconds }) => sum + seconds, 0) / done.length;
  const running = times.filter(({ row }) => row.status === 'running');
  const ofRunning = running.map(({ startedAt }) =>
    Math.max(0, mean - (startedAt === undefined ? 0 : (now - startedAt) / 1000)),
  );
  const toCome = candidatesToCome(progress, record);
  const busy = ofRunning.reduce((sum, seconds) => sum + seconds, 0) + toCome.candidates * mean;
  const scoring = Math.max(0, ...Object.values(scoringLeft));
  return Math.ceil(scoring + toCome.scorings * scoringTime(record) + busy / concurrency(done));
}

interface Time {
  readonly row: CandidateProgress;
  readonly startedAt?: number;
  readonly seconds: number;
  readonly endedAt: number;
}

/** Returns when each candidate's own work began and ended. */
const timesOf = (rows: readonly CandidateProgress[], { pieces }: Known['record']): Time[] =>
  rows.map((row) => {
    const own = pieces.filter(({ of, activity }) => of === row.id && activity !== 'scoreModel');
    const startedAt = own.length ? Math.min(...own.map((piece) => piece.startedAt)) : undefined;
    const endedAt = Math.max(0, ...own.map((piece) => piece.endedAt));
    return { row, startedAt, endedAt, seconds: startedAt === undefined ? 0 : (endedAt - startedAt) / 1000 };
  });

/** Returns how many candidates were made at a time. */
function concurrency(done: readonly Time[]): number {
  const from = Math.min(...done.map(({ startedAt = Infinity }) => startedAt));
  const to = Math.max(...done.map(({ endedAt }) => endedAt));
  const work = done.reduce((sum, { seconds }) => sum + seconds, 0);
  return Math.max(1, work / Math.max((to - from) / 1000, 1e-3));
}

/** Returns the seconds that the scoring of the first model took. */
function scoringTime({ pieces }: Known['record']): number {
  const first = pieces.find(({ activity, outcome }) => activity === 'scoreModel' && outcome === 'done');
  return first ? (first.endedAt - first.startedAt) / 1000 : 0;
}

/** Returns how many candidates, and models to score, step 4 will add. */
function candidatesToCome(
  { stage, candidates }: Known['progress'],
  { input }: Known['record'],
): { readonly candidates: number; readonly scorings: number } {
  const { techniques, pick, ccpFactors } = input.settings;
  const isBefore = stage !== 'channel pruning' && techniques.length > 1;
  if (!isBefore || candidates.some(({ parent }) => parent !== null)) return { candidates: 0, scorings: 0 };
  return { candidates: pick.maxPicks * ccpFactors.length, scorings: pick.maxPicks };
}
