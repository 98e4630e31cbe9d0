import { costNames } from '../engine/jobs/method';
import type { Provenance } from '../engine/jobs/types';
import { techniqueNames } from './method';
import { points, type Verdict } from './rules/verdict';
import type { CandidateProgress, GuidebookProgress, Judgement } from './types';

/** What a person decided in a run. */
export interface PersonsDecision {
  /** ISO time. */
  readonly at: string;
  readonly what: string;
  readonly by: string;
  readonly note?: string;
}

/** What the text is made of: the run's progress, and what people decided in it. */
export type Shown = GuidebookProgress & { readonly decisions?: readonly PersonsDecision[] };

/** How much of a run is shown at once: a run of hundreds of candidates stays a text that a browser draws in no time. */
const most = { candidates: 60, lines: 60, notes: 30, cell: 240, text: 30_000 };

const figure = (value: number | undefined, decimals: number) => value?.toFixed(decimals) ?? '';
const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** What was asked of a candidate: of the original, or of the candidate that it is made of. */
export const askedOf = ({ asked, parent }: Pick<CandidateProgress, 'asked' | 'parent'>): string =>
  parent ? `${asked.toFixed(2)} of ${parent}` : asked.toFixed(2);

const columns = ['candidate', 'asked', 'achieved', 'before', 'after', 'drop', 'latency ms', 'state'];
const cells = (row: CandidateProgress) => [
  row.decision === 'selected' || row.decision?.endsWith('; selected') ? `**${row.id}**` : row.id,
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
  `| ${texts.map((text) => cut(text, most.cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;

/** A table in Markdown; a blank heading row is not one, so there is always a heading. */
const table = (headings: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');

/** A section with its heading; nothing where it is empty. */
const section = (heading: string, ...texts: readonly (string | undefined)[]) => {
  const body = texts.filter(Boolean);
  return body.length ? [`### ${heading}`, ...body].join('\n\n') : undefined;
};

/** The first `limit` things, and a sentence on the rest. */
function bounded<T>(things: readonly T[], limit: number, what: string): [T[], string | undefined] {
  const rest = things.length - limit;
  return rest > 0
    ? [things.slice(0, limit), `… and ${rest} more ${what}: the query \`progress\` answers with all of them.`]
    : [[...things], undefined];
}

/** Which candidates matter most: those that go on, then those that are being made, then the others as planned. */
const weight = ({ decision, status }: CandidateProgress) => {
  if (/\b(picked|selected)\b/.test(decision ?? '')) return 0;
  return status === 'running' ? 1 : 2;
};
function shownCandidates(candidates: readonly CandidateProgress[]): [CandidateProgress[], string | undefined] {
  const [kept, rest] = bounded([...candidates].sort((a, b) => weight(a) - weight(b)), most.candidates, 'candidates');
  return [candidates.filter((row) => kept.includes(row)), rest];
}

const steps: Record<Judgement['step'], { heading: string; kept: string; dropped: string }> = {
  pick: { heading: 'Step 3: which candidates go on', kept: 'picked', dropped: 'not picked' },
  select: { heading: 'Step 5: which candidate is selected', kept: 'selected', dropped: 'not selected' },
};

/** What a step decided about a candidate, and why, in a clause: `not picked: it loses …`. */
export const verdictText = (step: Judgement['step'], { kept, why }: Verdict): string =>
  `${kept ? steps[step].kept : steps[step].dropped}: ${why}`;

function judgementSection({ step, rule, verdicts }: Judgement): string | undefined {
  const order = [...verdicts].sort((a, b) => Number(b.kept) - Number(a.kept));
  const [shown, rest] = bounded(order, most.lines, 'candidates');
  const lines = shown.map((verdict) => `- **${verdict.id}** ${verdictText(step, verdict)}`);
  return section(steps[step].heading, rule, lines.join('\n'), rest);
}

function decisionSection(decisions: Shown['decisions'] = []): string | undefined {
  const [shown, rest] = bounded(decisions, most.lines, 'decisions');
  const rows = shown.map(({ at, what, by, note }) => [at, what, by, note ?? '']);
  return section('What people decided', rows.length ? table(['when', 'what', 'who', 'note'], rows) : undefined, rest);
}

function scoringLines(scoring: Shown['scoring']): string {
  const [shown, rest] = bounded(scoring, most.lines, 'models');
  const lines = shown.map(
    ({ of, technique, done, total }) =>
      `- ${done} of ${total} layers of ${of === 'original' ? 'the original' : of} scored for ${techniqueNames[technique]}`,
  );
  return [...lines, ...(rest ? [rest] : [])].join('\n');
}

/** The run so far, in Markdown, for the Temporal UI; at most some 30,000 characters. */
export function markdown(progress: Shown): string {
  const { name, target, tolerance, cost, stage, original, scoring, candidates, notes } = progress;
  const head = `**${name}** to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)}. Step: **${stage}**`;
  const base =
    original &&
    `Original: ${(original.macs / 1e6).toFixed(2)} million MACs, ${original.params} parameters, metric ${original.metric.toFixed(2)}`;
  const [rows, restOfRows] = shownCandidates(candidates);
  const [told, restOfNotes] = bounded(notes, most.notes, 'notes');
  const text = [
    head,
    base,
    section('Candidates', rows.length ? table(columns, rows.map(cells)) : undefined, restOfRows),
    ...progress.judgements.map(judgementSection),
    decisionSection(progress.decisions),
    section('Notes', told.map((note) => `- ${cut(note, most.cell * 2)}`).join('\n'), restOfNotes),
    section('Scores', scoringLines(scoring)),
  ]
    .filter(Boolean)
    .join('\n\n');
  if (text.length <= most.text) return text;
  const whole = text.slice(0, text.lastIndexOf('\n', most.text));
  return `${whole}\n\n… cut here: the query \`progress\` answers with all of it.`;
}

/** A candidate's own workflow, in Markdown: what it is to be, and what it came to so far. */
export const candidateMarkdown = (id: string, aim: string, facts: readonly string[]): string =>
  [`### ${id}`, aim, facts.map((fact) => `- ${cut(fact, most.cell * 2)}`).join('\n')].filter(Boolean).join('\n\n');

/** What made a model, in a line. */
export const madeBy = ({ version, engine, onnxruntime, provider, device }: Provenance): string =>
  `Slimflow ${version} (engine ${engine}), ONNX Runtime ${onnxruntime}, ${provider} on ${device}`;
