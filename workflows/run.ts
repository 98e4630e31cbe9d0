import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';

import { markdown } from './details';
import type {
  Candidate,
  CandidatePlan,
  CandidateProgress,
  GuidebookInput,
  GuidebookProgress,
  Original,
  ScoringProgress,
  Stage,
} from './types';

/** The notes go into the result, which has to fit into one message; characters. */
const noteLimit = { count: 100, length: 500 };

/** A candidate that did not come about. */
export interface FailedCandidate extends CandidatePlan {
  readonly reason: string;
}

/** What a guidebook run has found out so far, and what it shows of it: the query's answer, and the Temporal UI's text. */
export class Run {
  readonly workflowId = workflowInfo().workflowId;
  readonly notes: string[] = [];
  private at: Stage = 'baseline';
  private original?: Original;
  private readonly scored = new Map<string, ScoringProgress>();
  private readonly rows = new Map<string, CandidateProgress>();
  private readonly failures = new Map<string, FailedCandidate>();

  constructor(readonly input: GuidebookInput) {}

  /** Candidates that did not come about, in the order in which they were planned. */
  get failed(): FailedCandidate[] {
    return [...this.rows.keys()].map((id) => this.failures.get(id)).filter((one) => one !== undefined);
  }

  /** Candidates so far: those that are made, were made, or failed. */
  get size(): number {
    return this.rows.size;
  }

  /** Enters a step. */
  stage(stage: Stage): void {
    this.at = stage;
    upsertMemo({ stage });
    this.show();
  }

  /** Something that the reader of the result should know. */
  note(text: string): void {
    const cut = text.slice(0, noteLimit.length);
    if (!this.notes.includes(cut) && this.notes.length < noteLimit.count) this.notes.push(cut);
    this.show();
  }

  baseline(original: Original): void {
    this.original = original;
    original.notes.forEach((text) => this.note(text));
    this.show();
  }

  /** How far the scoring of a model's layers is; word from its workflow may come late. */
  scoring(progress: ScoringProgress): void {
    const known = this.scored.get(`${progress.of} ${progress.technique}`);
    if (known && known.done > progress.done) return;
    this.scored.set(`${progress.of} ${progress.technique}`, progress);
    this.show();
  }

  begin(plan: CandidatePlan): void {
    this.rows.set(plan.id, { ...plan, status: 'running', workflowId: `${this.workflowId}/${plan.id}` });
    this.show();
  }

  done(candidate: Candidate): void {
    const { id, achieved, metricBefore, metricAfter, drop, shortfall } = candidate;
    this.update(id, { achieved, metricBefore, metricAfter, drop, shortfall, status: 'done' });
  }

  fail(plan: CandidatePlan, reason: string): void {
    this.failures.set(plan.id, { ...plan, reason });
    this.update(plan.id, { status: 'failed', decision: `failed: ${reason}` });
  }

  decide(id: string, decision: string): void {
    this.update(id, { decision });
  }

  latency(id: string, latencyMs: number): void {
    this.update(id, { latencyMs });
  }

  /** What the query `progress` answers. */
  progress(): GuidebookProgress {
    const { name, settings } = this.input;
    return {
      name,
      target: settings.target,
      tolerance: settings.tolerance,
      cost: settings.cost,
      stage: this.at,
      original: this.original && {
        macs: this.original.macs,
        params: this.original.params,
        metric: this.original.metric,
      },
      scoring: [...this.scored.values()],
      candidates: [...this.rows.values()],
      notes: this.notes,
    };
  }

  private update(id: string, change: Partial<CandidateProgress>): void {
    const row = this.rows.get(id);
    if (row) this.rows.set(id, { ...row, ...change });
    this.show();
  }

  private show(): void {
    setCurrentDetails(markdown(this.progress()));
  }
}
