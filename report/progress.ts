import { retriesOf } from '../client/events';
import type { Doing, LastFailure, LiveProgress, Observation, PendingWork } from '../client/observation';
import { speedText } from '../contract/speed';
import { costNames } from '../engine/names';
import { type Stage, stages } from '../contract/run';
import { duration } from './html/page/figures';

const step: Record<Stage, string> = {
  import: 'importing the model and the data',
  baseline: 'step 0, baseline: measuring the original model',
  SVD: 'step 2, SVD: making and fine-tuning candidates',
  pick: 'step 3, pick: choosing the best candidates',
  'channel pruning': 'step 4, channel pruning: pruning and fine-tuning the picks',
  latency: 'step 5, select: measuring latencies',
  select: 'step 5, select: evaluating on the test split',
  done: 'done',
};
const work: Record<string, string> = {
  analyze: 'analyzing',
  compress: 'compressing',
  evaluate: 'evaluating',
  fineTune: 'fine-tuning',
  latency: 'measuring latencies',
  scoreLayer: 'scoring a layer',
};

/** Names the work of an activity: `fine-tuning`. */
export const workText = (activity: string): string => work[activity] ?? activity;

/** Describes a stage. */
export const stepText = (stage: Stage): string => step[stage];

/** Describes a running candidate's current work in one line. */
export function doingText(doing: Doing | undefined): string {
  if (!doing) return 'waiting';
  const { activity, at, attempt } = doing;
  const share = at && at.total > 0 ? ` ${Math.floor((100 * at.done) / at.total)} %` : '';
  const again = attempt > 1 ? ` (try ${attempt})` : '';
  return `${workText(activity)}${share}${at?.note ? `, ${at.note}` : ''}${leftText(at?.secondsLeft)}${again}`;
}

const leftText = (seconds: number | undefined): string =>
  seconds === undefined ? '' : `, ${duration(seconds)} left`;

/**
 * Describes what is being tried again: the work, how it failed, and what to do about it.
 * @param now in ms since 1970
 */
export function retryLines({ of, activity, attempt, nextTryAt, failure }: Retry, now: number): string[] {
  const wait = nextTryAt === undefined ? 0 : (Date.parse(nextTryAt) - now) / 1000;
  const next = wait >= 1 ? `, try ${attempt} in ${duration(wait)}` : `, now try ${attempt}`;
  return [
    `${of}: ${workText(activity)} failed${next}: ${failure.message}`,
    ...(failure.fix === undefined ? [] : [`${of}: to fix it, ${failure.fix}`]),
  ];
}

type Retry = Pick<PendingWork, 'of' | 'activity' | 'attempt' | 'nextTryAt'> & {
  readonly failure: Pick<LastFailure, 'message' | 'fix'>;
};

/** Describes a candidate's result or current work in one line. */
export function candidateText(row: LiveProgress['candidates'][number], doing?: Doing): string {
  if (row.status === 'running') return doingText(doing);
  if (row.achieved === undefined) return row.decision ?? row.status;
  const { achieved, metricBefore, metricAfter, drop, speed, decision } = row;
  const figures = `ratio ${achieved?.toFixed(3)}, metric ${metricBefore?.toFixed(2)} → ${metricAfter?.toFixed(2)}, drop ${drop?.toFixed(2)}${speed ? `, ${speedText(speed)}` : ''}`;
  return decision ? `${figures}: ${decision}` : figures;
}

/** Formats the status of a run as lines for a terminal. @param seconds since the run started */
export function statusLines(
  progress: LiveProgress,
  seconds: number,
  more: Pick<Observation, 'work' | 'scoringLeft'> = {},
): string[] {
  const { name, target, tolerance, cost, stage, original, scoring, candidates, doing } = progress;
  const width = Math.max(0, ...candidates.map(({ id }) => id.length));
  const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  return [
    `${name} to ${target} of its ${costNames[cost]}, with a drop of at most ${tolerance}   ${clock}`,
    `${bar(((stages as readonly Stage[]).indexOf(stage) + 1) / stages.length)} ${step[stage]}`,
    ...(original
      ? [`original: ${(original.macs / 1e6).toFixed(2)} million MACs, metric ${original.metric.toFixed(2)}`]
      : []),
    ...scoring
      .filter(({ done, total }) => done < total)
      .map(
        ({ of, technique, done, total }) =>
          `${bar(done / total)} ${technique} of ${of}: layer ${done} of ${total} scored${leftText(more.scoringLeft?.[`${of}/${technique}`])}`,
      ),
    ...candidates.map((row) => `  ${row.id.padEnd(width)}  ${candidateText(row, doing[row.id])}`),
    ...retriesOf(more).flatMap((one) => retryLines(one, Date.now())),
  ];
}

const bar = (share: number, width = 20) => {
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
};
