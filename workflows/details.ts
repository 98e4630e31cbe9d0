import { costNames } from '../engine/jobs/method';
import type { CandidateProgress, GuidebookProgress } from './types';

const figure = (value: number | undefined, decimals: number) => value?.toFixed(decimals) ?? '';

/** What was asked of a candidate: of the original, or of the candidate that it is made of. */
export const askedOf = ({ asked, parent }: Pick<CandidateProgress, 'asked' | 'parent'>): string =>
  parent ? `${asked.toFixed(2)} of ${parent}` : asked.toFixed(2);

const columns = ['candidate', 'asked', 'achieved', 'before', 'after', 'drop', 'latency ms', 'state'];
const cells = (row: CandidateProgress) => [
  row.id,
  askedOf(row),
  figure(row.achieved, 3),
  figure(row.metricBefore, 2),
  figure(row.metricAfter, 2),
  figure(row.drop, 2),
  figure(row.latencyMs, 2),
  [row.decision ?? row.status, row.shortfall].filter(Boolean).join('; '),
];
/** A cell must not end its row early. */
const line = (texts: readonly string[]) =>
  `| ${texts.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;

/** Who paused a run, and how it goes on; undefined for one that is not paused. */
export const pauseText = (paused: GuidebookProgress['paused']): string | undefined =>
  paused &&
  `**Paused** by ${paused.by}${paused.reason ? ` (${paused.reason})` : ''}: nothing is begun until the signal \`resume\``;

/** What a run waits for a person to do; undefined for one that does not wait. */
export const waitingText = (waiting: GuidebookProgress['waiting']): string | undefined =>
  waiting &&
  `**Waiting** for a person to approve the ${waiting.for}: ${waiting.proposed.join(', ') || 'no candidate'}${waiting.until ? `, until ${waiting.until}` : ''}. The update \`${waiting.for === 'picks' ? 'approvePicks' : 'approveSelection'}\` answers`;

/** The run so far, in Markdown, for the Temporal UI. */
export function markdown({
  name,
  target,
  tolerance,
  cost,
  stage,
  original,
  scoring,
  candidates,
  notes,
  paused,
  waiting,
  decisions,
}: GuidebookProgress): string {
  const head = `**${name}** to ${target} of its ${costNames[cost]}, with a drop of at most ${tolerance}. Step: **${stage}**`;
  const base =
    original &&
    `Original: ${(original.macs / 1e6).toFixed(2)} million MACs, ${original.params} parameters, metric ${original.metric.toFixed(2)}`;
  const scores = scoring.map(
    ({ of, technique, done, total }) => `- ${technique} of ${of}: ${done} of ${total} layers scored`,
  );
  const table = candidates.length
    ? [line(columns), line(columns.map(() => '---')), ...candidates.map((row) => line(cells(row)))]
    : [];
  const asked = decisions.map(
    ({ at, what, by, note }) =>
      `- ${at.slice(0, 16).replace('T', ' ')} **${by}**: ${what}${note ? ` (${note})` : ''}`,
  );
  return [
    head,
    pauseText(paused),
    waitingText(waiting),
    base,
    scores.join('\n'),
    table.join('\n'),
    asked.join('\n'),
    notes.map((note) => `> ${note}`).join('\n>\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}
