import type { Doing, LiveProgress } from '../client/observation';
import { costNames } from '../engine/names';
import { type Stage, stages } from '../contract/run';

const step: Record<Stage, string> = {
  baseline: 'step 0, baseline: measuring the original model',
  SVD: 'step 2, SVD: making and fine-tuning candidates',
  pick: 'step 3, pick: choosing the best candidates',
  'channel pruning': 'step 4, channel pruning: pruning and fine-tuning the picks',
  latency: 'step 5, select: measuring latencies',
  select: 'step 5, select: evaluating on the test split',
  done: 'done',
};
const work: Record<string, string> = {
  compress: 'compressing',
  fineTune: 'fine-tuning',
  evaluate: 'evaluating',
};

/** Describes a stage. */
export const stepText = (stage: Stage): string => step[stage];

/** Describes a running candidate's current work in one line. */
export function doingText(doing: Doing | undefined): string {
  if (!doing) return 'waiting';
  const { activity, at, attempt } = doing;
  const share = at && at.total > 0 ? ` ${Math.floor((100 * at.done) / at.total)} %` : '';
  const again = attempt > 1 ? ` (try ${attempt})` : '';
  return `${work[activity] ?? activity}${share}${at?.note ? `, ${at.note}` : ''}${again}`;
}

/** Describes a candidate's result or current work in one line. */
export function candidateText(row: LiveProgress['candidates'][number], doing?: Doing): string {
  if (row.status === 'running') return doingText(doing);
  if (row.achieved === undefined) return row.decision ?? row.status;
  const { achieved, metricBefore, metricAfter, drop, decision } = row;
  const figures = `ratio ${achieved?.toFixed(3)}, metric ${metricBefore?.toFixed(2)} → ${metricAfter?.toFixed(2)}, drop ${drop?.toFixed(2)}`;
  return decision ? `${figures}: ${decision}` : figures;
}

/** Formats the status of a run as lines for a terminal. @param seconds since the run started */
export function statusLines(progress: LiveProgress, seconds: number): string[] {
  const { name, target, tolerance, cost, stage, original, scoring, candidates, doing } = progress;
  const width = Math.max(0, ...candidates.map(({ id }) => id.length));
  const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  return [
    `${name} to ${target} of its ${costNames[cost]}, with a drop of at most ${tolerance}   ${clock}`,
    `${bar((stages.indexOf(stage) + 1) / stages.length)} ${step[stage]}`,
    ...(original
      ? [`original: ${(original.macs / 1e6).toFixed(2)} million MACs, metric ${original.metric.toFixed(2)}`]
      : []),
    ...scoring
      .filter(({ done, total }) => done < total)
      .map(
        ({ of, technique, done, total }) =>
          `${bar(done / total)} ${technique} of ${of}: layer ${done} of ${total} scored`,
      ),
    ...candidates.map((row) => `  ${row.id.padEnd(width)}  ${candidateText(row, doing[row.id])}`),
  ];
}

const bar = (share: number, width = 20) => {
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
};
