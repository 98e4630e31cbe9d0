import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';

import { type Technique, techniques } from '../engine/names';
import type { CompressionSettings } from '../run-spec/spec';
import { isActivityMetric } from '../contract/metric';
import type { AttributeValues } from '../contract/search-attributes';
import { markdown, verdictText } from './progress-markdown';
import { paused } from './pause';
import { prefixOf } from '../contract/techniques';
import { People } from './decisions';
import { inOrder } from './rules/candidate-order';
import { most } from './rules/refusals';
import { freshName, same } from './rules/targets';
import { decisionText, type LeftOut, type StepVerdict, type Verdict } from '../contract/verdict';
import type {
  Candidate,
  CandidatePlan,
  CandidateProgress,
  GuidebookInput,
  GuidebookProgress,
  Judgement,
  Original,
  ScoringProgress,
  Stage,
  Waiting,
} from '../contract/run';
import { upsert } from './upsert-attributes';

/** The notes go into the result, which has to fit into one message; characters. */
const noteLimit = { count: 100, length: 500 };

/** A candidate that could not be made, or was left out. */
export interface FailedCandidate extends CandidatePlan {
  readonly reason: string;
}

/** State of a guidebook run, and the views of it: the query's answer, and the Temporal UI's text. */
export class Run {
  readonly workflowId = workflowInfo().workflowId;
  /** People's decisions, and those that they may make. */
  readonly people = new People(this);
  /** Ids of the picks, best first, once they are decided. */
  picks: readonly string[] = [];
  private readonly told: string[] = [];
  private at: Stage = 'baseline';
  private original?: Original;
  private readonly scorings = new Map<string, ScoringProgress>();
  private readonly rows = new Map<string, CandidateProgress>();
  private readonly judgements = new Map<Judgement['step'], Judgement>();
  private readonly failures = new Map<string, FailedCandidate>();
  private readonly left = new Map<string, FailedCandidate>();
  private readonly made = new Map<string, Candidate>();

  constructor(readonly input: GuidebookInput) {}

  /** The spec's settings, with what people changed. Read these at the time of use: people may change them mid-run. */
  get settings(): CompressionSettings {
    return this.people.settings;
  }

  /** Techniques that the original has layers for. */
  get applicable(): Technique[] {
    return techniques.filter((name) => (this.original?.layers[name] ?? 0) > 0);
  }

  /** Candidates that are done and that nobody left out. */
  get candidates(): Candidate[] {
    return this.ordered(this.made);
  }

  /** Candidates that could not be made. */
  get failed(): FailedCandidate[] {
    return this.ordered(this.failures);
  }

  /** Candidates that people left out, or that were not done when the run was finished early. */
  get skipped(): FailedCandidate[] {
    return this.ordered(this.left);
  }

  /** Notes for the reader of the result: on the run, then on each candidate. */
  get notes(): string[] {
    const ofCandidates = this.candidates.flatMap(({ id, notes, shortfall }) =>
      [...notes, ...(shortfall ? [shortfall] : [])].map((text) => `${id}: ${text}`),
    );
    const all = [...this.told, ...ofCandidates].map((text) => text.slice(0, noteLimit.length));
    return [...new Set(all)].slice(0, noteLimit.count);
  }

  /** Enters a step. @param values other search attributes that change with it */
  stage(stage: Stage, values: AttributeValues = {}): void {
    this.at = stage;
    upsertMemo({ stage });
    upsert({ ...values, stage }, this.input.searchAttributes);
    this.show();
  }

  /** Something that the reader of the result should know. */
  note(text: string): void {
    const cut = text.slice(0, noteLimit.length);
    if (!this.told.includes(cut) && this.told.length < noteLimit.count) this.told.push(cut);
    this.show();
  }

  baseline(original: Original): void {
    this.original = original;
    original.notes.forEach((text) => this.note(text));
    this.show();
  }

  /** Takes a report on the scoring of a model of this run. Anybody may send such a signal: others are left out. */
  reported(progress: ScoringProgress): void {
    const known = this.scorings.get(`${progress.of} ${progress.technique}`);
    if (known?.total === progress.total && progress.done <= progress.total) this.scoring(progress);
  }

  /** Records the progress of a model's scoring; its workflow may report late. */
  scoring(progress: ScoringProgress): void {
    const known = this.scorings.get(`${progress.of} ${progress.technique}`);
    if (known && known.done > progress.done) return;
    this.scorings.set(`${progress.of} ${progress.technique}`, progress);
    this.show();
  }

  /** Plans that no candidate stands for yet, with ids that none has; as many as the run has room for. */
  fresh(plans: readonly CandidatePlan[]): CandidatePlan[] {
    const rows = [...this.rows.values()];
    const isThere = ({ technique, parent, asked }: CandidatePlan) =>
      rows.some(
        (row) => row.technique === technique && row.parent === parent && Math.abs(row.asked - asked) < same,
      );
    const taken = rows.map(({ id }) => id);
    const named = (plan: CandidatePlan) =>
      taken.includes(plan.id)
        ? freshName(prefixOf(plan.technique, plan.parent ?? undefined), plan.asked, taken)
        : plan.id;
    const all = plans.filter((plan) => !isThere(plan)).map((plan) => ({ ...plan, id: named(plan) }));
    const room = Math.max(0, most.candidates - rows.length);
    all
      .slice(room)
      .forEach(({ id }) =>
        this.note(`${id} was left out: a run makes ${most.candidates} candidates at most`),
      );
    return all.slice(0, room);
  }

  begin(plan: CandidatePlan): void {
    this.rows.set(plan.id, { ...plan, status: 'running', workflowId: `${this.workflowId}/${plan.id}` });
    this.show();
  }

  done(candidate: Candidate): void {
    const { id, achieved, metricBefore, metricAfter, drop, shortfall } = candidate;
    this.made.set(id, candidate);
    this.update(id, { achieved, metricBefore, metricAfter, drop, shortfall, status: 'done' });
  }

  fail(plan: CandidatePlan, reason: string): void {
    this.failures.set(plan.id, { ...plan, reason });
    this.update(plan.id, { status: 'failed', ...inWords([{ state: 'failed', why: reason }]) });
  }

  /** Leaves a candidate out of everything that follows. */
  skip(id: string, verdict: LeftOut): void {
    this.left.set(id, { ...planOf(this.rows.get(id)!), reason: decisionText([verdict]) });
    this.made.delete(id);
    this.update(id, {
      status: verdict.state === 'cancelled' ? 'cancelled' : 'skipped',
      ...inWords([verdict]),
    });
  }

  isRunning(id: string): boolean {
    return this.rows.get(id)?.status === 'running';
  }

  /** Leaves out all candidates that are still being made, and gives their ids. */
  abandon(verdict: LeftOut): string[] {
    const running = [...this.rows.keys()].filter((id) => this.isRunning(id));
    running.forEach((id) => this.skip(id, verdict));
    return running;
  }

  /** Says what the run waits for; undefined once it goes on. */
  wait(waiting: Waiting | undefined): void {
    this.people.waiting = waiting;
    this.show();
  }

  /** Ends the record of a cancelled run: what it had reached stays in its memo, and in the query's answer. */
  cancelled(): void {
    const unfinished = this.abandon({ state: 'cancelled' });
    const reached = `cancelled in step ${this.at}: ${this.made.size} candidates done${unfinished.length ? `, ${unfinished.length} given up` : ''}`;
    this.note(reached);
    upsert({ outcome: 'cancelled' }, this.input.searchAttributes);
    upsertMemo({ outcome: 'cancelled', reached, done: this.candidates.map(({ id }) => id).slice(0, 100) });
  }

  /** Ends step 3 with a candidate that goes on. @param by the person who approved it, if anyone did */
  pick(id: string, by?: string): void {
    this.update(id, inWords([{ state: 'picked', ...(by !== undefined && { by }) }]));
  }

  /** Adds step 5's verdict on a candidate to step 3's. */
  decide(id: string, verdict: Verdict): void {
    const picked = this.rows.get(id)?.verdicts?.filter(({ state }) => state === 'picked') ?? [];
    this.update(id, inWords([...picked, verdict]));
  }

  /** Keeps what step 3 or 5 decided, and why; the last judgement of a step stands. */
  judge(step: Judgement['step'], rule: string, verdicts: readonly StepVerdict[]): void {
    this.judgements.set(step, { step, rule, verdicts });
    this.show();
  }

  /** Why a candidate was kept or dropped, step by step. */
  reasons(id: string): string[] {
    return [...this.judgements.values()].flatMap(({ step, verdicts }) =>
      verdicts.filter((verdict) => verdict.id === id).map((verdict) => verdictText(step, verdict)),
    );
  }

  /** Returns the steps' verdicts on a candidate. */
  verdicts(id: string): Verdict[] {
    return [...(this.rows.get(id)?.verdicts ?? [])];
  }

  /** Records what was measured of a candidate. */
  timed(
    id: string,
    { latencyMs, speed, achieved }: Pick<Candidate, 'latencyMs' | 'speed' | 'achieved'>,
  ): void {
    this.update(id, { latencyMs, achieved, ...(speed && { speed }) });
  }

  /** Returns the answer to the query `progress`. */
  progress(): GuidebookProgress {
    const { name } = this.input;
    const { settings } = this;
    const { waiting, decisions } = this.people;
    const { metric, fineTune } = settings;
    const theirs = [...(isActivityMetric(metric) ? [metric] : []), ...(fineTune.by ? [fineTune.by] : [])];
    return {
      name,
      target: settings.target,
      tolerance: settings.tolerance,
      cost: settings.cost,
      latencyQueue: settings.latency.taskQueue,
      ...(theirs.length && {
        theirs: theirs.map(({ activity, taskQueue }) => ({ activity, taskQueue })),
      }),
      stage: this.at,
      original: this.original && {
        macs: this.original.macs,
        params: this.original.params,
        metric: this.original.metric,
      },
      scoring: [...this.scorings.values()],
      candidates: [...this.rows.values()],
      judgements: [...this.judgements.values()],
      notes: this.notes,
      paused: paused(),
      waiting,
      decisions,
    };
  }

  /** Shows how far the run is in the Temporal UI. */
  show(): void {
    setCurrentDetails(markdown(this.progress(), this.workflowId));
  }

  /** Of each row that has one, in the order of the guidebook. */
  private ordered<One extends CandidatePlan>(byId: ReadonlyMap<string, One>): One[] {
    const all = [...this.rows.keys()].map((id) => byId.get(id)).filter((one) => one !== undefined);
    return inOrder(all, this.picks);
  }

  private update(id: string, change: Partial<CandidateProgress>): void {
    const row = this.rows.get(id);
    if (row) this.rows.set(id, { ...row, ...change });
    this.show();
  }
}

/** Verdicts, and their sentence. */
const inWords = (verdicts: readonly Verdict[]): Pick<CandidateProgress, 'verdicts' | 'decision'> => ({
  verdicts,
  decision: decisionText(verdicts),
});

const planOf = ({ id, technique, parent, round, asked }: CandidatePlan): CandidatePlan => ({
  id,
  technique,
  parent,
  round,
  asked,
});
