import { costNames, techniqueTraits } from '../engine/names';
import type { Provenance } from '../engine/jobs/types';
import { points, type StepVerdict, type Verdict } from '../contract/verdict';
import type { CandidateProgress, GuidebookProgress, Judgement } from '../contract/run';
import { visible } from '../engine/visible';

/**
 * Limits of what is shown of a run. The Temporal UI hands the whole text to its renderer in a URL, which proxies in
 * front of it cut off at 16 kB: `url` is in characters of it.
 */
const most = { candidates: 40, lines: 25, notes: 15, cell: 160, url: 15_000 };

const figure = (value: number | undefined, decimals: number) => value?.toFixed(decimals) ?? '';
const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/**
 * Shows names and notes in Markdown as what they are: no markup, no links, no HTML. A bar is left to the table, which
 * escapes those in its cells.
 */
export const plain = (text: string): string =>
  visible(text.replace(/\s+/g, ' ')).replace(/[\\`*_{}[\]<>#~!&]/g, '\\$&');

/** The Temporal UI gives the text half of its page, and its tables no space between the columns: few columns it is. */
const columns = ['candidate', 'ratio', 'metric', 'drop', 'ms', 'state'];
const has = ({ verdicts = [] }: CandidateProgress, ...states: Verdict['state'][]) =>
  verdicts.some(({ state }) => states.includes(state));
const cells = (row: CandidateProgress) => [
  has(row, 'selected') ? `**${plain(row.id)}**` : plain(row.id),
  figure(row.achieved, 3),
  row.metricAfter === undefined ? '' : `${figure(row.metricBefore, 2)} → ${figure(row.metricAfter, 2)}`,
  figure(row.drop, 2),
  figure(row.latencyMs, 2),
  plain([row.decision ?? row.status, row.shortfall].filter(Boolean).join('; ')),
];
/** Keeps columns apart; a plain space would be trimmed. */
const gap = '\u00a0\u00a0';
/** A cell must not end its row early. */
const line = (texts: readonly string[]) =>
  `|${texts.map((text) => `${cut(text, most.cell).replaceAll('|', '\\|').replaceAll('\n', ' ')}${gap}`).join('|')}|`;

/** Who paused a run, and how it goes on; undefined for one that is not paused. */
export const pauseText = (paused: GuidebookProgress['paused']): string | undefined =>
  paused &&
  `**Paused** by ${plain(paused.by)}${paused.reason ? ` (${plain(paused.reason)})` : ''}: nothing is begun until the signal \`resume\``;

/** Says what a run waits for a person to do; undefined if it does not wait. */
export const waitingText = (waiting: GuidebookProgress['waiting']): string | undefined =>
  waiting &&
  `**Waiting** for a person to approve the ${waiting.for}: ${plain(waiting.proposed.join(', ')) || 'no candidate'}${waiting.until ? `, until ${waiting.until}` : ''}. The update \`${waiting.for === 'picks' ? 'approvePicks' : 'approveSelection'}\` answers`;

/** A table in Markdown. */
const table = (headings: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(headings), `|${headings.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');

/** A section with its heading; nothing if it is empty. */
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

/** Ranks candidates: those that go on first, then those being made, then the others as planned. */
const weight = (row: CandidateProgress) => {
  if (has(row, 'picked', 'selected')) return 0;
  return row.status === 'running' ? 1 : 2;
};
function shownCandidates(
  candidates: readonly CandidateProgress[],
): [CandidateProgress[], string | undefined] {
  const [kept, rest] = bounded(
    [...candidates].sort((a, b) => weight(a) - weight(b)),
    most.candidates,
    'candidates',
  );
  return [candidates.filter((row) => kept.includes(row)), rest];
}

const steps: Record<Judgement['step'], { heading: string; kept: string; dropped: string }> = {
  pick: { heading: 'Step 3: which candidates go on', kept: 'picked', dropped: 'not picked' },
  select: { heading: 'Step 5: which candidate is selected', kept: 'selected', dropped: 'not selected' },
};

/** Describes a step's decision about a candidate, with the reason, in a clause: `not picked: it loses …`. */
export const verdictText = (step: Judgement['step'], { kept, why }: StepVerdict): string =>
  `${kept ? steps[step].kept : steps[step].dropped}: ${why}`;

function judgementSection({ step, rule, verdicts }: Judgement): string | undefined {
  const order = [...verdicts].sort((a, b) => Number(b.kept) - Number(a.kept));
  const [shown, rest] = bounded(order, most.lines, 'candidates');
  const lines = shown.map((verdict) => `- **${plain(verdict.id)}** ${plain(verdictText(step, verdict))}`);
  return section(steps[step].heading, rule, lines.join('\n'), rest);
}

/**
 * Draws which model was made from which, as indented lines of code: the Temporal UI renders Markdown without diagrams, and
 * flattens lists in lists.
 */
function descent(candidates: readonly CandidateProgress[]): string | undefined {
  const known = new Set(candidates.map(({ id }) => id));
  const isUnder = ({ parent }: CandidateProgress) => parent !== null && known.has(parent);
  const under = (parent: string | null, depth: number): string[] =>
    candidates
      .filter((row) => (isUnder(row) ? row.parent : null) === parent)
      .flatMap((row) => [
        `${'  '.repeat(depth)}${code(row.id)}: ${techniqueTraits[row.technique].words} to ${figure(row.asked, 2)}, ${row.verdicts?.at(-1)?.state ?? row.status}`,
        ...under(row.id, depth + 1),
      ]);
  return candidates.some(isUnder) ? ['```', 'original', ...under(null, 1), '```'].join('\n') : undefined;
}

/** Shows a name in a block of code, which it can't end. */
const code = (text: string): string => visible(text.replaceAll('`', "'"));

function decisionSection(decisions: GuidebookProgress['decisions']): string | undefined {
  const [shown, rest] = bounded(decisions, most.lines, 'decisions');
  const rows = shown.map(({ at, what, by, note }) => [at, what, by, note ?? ''].map(plain));
  return section(
    'What people decided',
    rows.length ? table(['when', 'what', 'who', 'note'], rows) : undefined,
    rest,
  );
}

function scoringLines(scoring: GuidebookProgress['scoring']): string {
  const [shown, rest] = bounded(scoring, most.lines, 'models');
  const lines = shown.map(
    ({ of, technique, done, total }) =>
      `- ${done} of ${total} layers of ${of === 'original' ? 'the original' : plain(of)} scored for ${techniqueTraits[technique].words}`,
  );
  return [...lines, ...(rest ? [rest] : [])].join('\n');
}

/** The run so far, in Markdown, for the Temporal UI; of bounded size. `workflowId` is for commands that readers may copy. */
export function markdown(progress: GuidebookProgress, workflowId?: string): string {
  const { name, target, tolerance, cost, stage, original, scoring, candidates, notes } = progress;
  const head = `**${plain(name)}** to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)}. Step: **${stage}**`;
  const base =
    original &&
    `Original: ${(original.macs / 1e6).toFixed(2)} million MACs, ${original.params} parameters, metric ${original.metric.toFixed(2)}`;
  const [rows, restOfRows] = shownCandidates(candidates);
  const [told, restOfNotes] = bounded(notes, most.notes, 'notes');
  const text = [
    head,
    pauseText(progress.paused),
    waitingText(progress.waiting),
    base,
    stage === 'done' && workflowId !== undefined
      ? `The report has pictures, tables and reasons: \`slimflow report ${code(workflowId)}\``
      : undefined,
    section('Candidates', rows.length ? table(columns, rows.map(cells)) : undefined, restOfRows),
    ...progress.judgements.map(judgementSection),
    decisionSection(progress.decisions),
    section('Which model was made from which', descent(rows)),
    section('Notes', told.map((note) => `- ${plain(cut(note, most.cell * 2))}`).join('\n'), restOfNotes),
    section('Scores', scoringLines(scoring)),
  ]
    .filter(Boolean)
    .join('\n\n');
  return fitting(text);
}

/** A text that fits into the UI's URL: whole lines of it, and a sentence if some are left out. */
function fitting(text: string): string {
  const size = (part: string) => encodeURIComponent(part).length;
  if (size(text) <= most.url) return text;
  const end = '\n\n… cut here: the query `progress` answers with all of it.';
  let [left, kept] = [most.url - size(end), 0];
  const lines = text.split('\n');
  while (kept < lines.length && size(`${lines[kept]}\n`) <= left) left -= size(`${lines[kept++]}\n`);
  return lines.slice(0, kept).join('\n') + end;
}

/** A candidate's own workflow, in Markdown: what it is to be, and what it came to so far. */
export const candidateMarkdown = (id: string, aim: string, facts: readonly string[]): string =>
  [`### ${id}`, aim, facts.map((fact) => `- ${cut(fact, most.cell * 2)}`).join('\n')]
    .filter(Boolean)
    .join('\n\n');

/** Describes in one line what made a model. */
export const madeBy = ({ version, engine, onnxruntime, provider, device }: Provenance): string =>
  `Slimflow ${version} (engine ${engine}), ONNX Runtime ${onnxruntime}, ${provider} on ${device}`;
