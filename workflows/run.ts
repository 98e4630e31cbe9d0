import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';

import type { Technique } from '../engine/jobs/method';
import type { AttributeValues } from './attributes';
import { markdown, verdictText } from './details';
import type { Verdict } from './rules/verdict';
import type {
  Candidate,
  CandidatePlan,
  CandidateProgress,
  GuidebookInput,
  GuidebookProgress,
  Judgement,
  Original,
  Stage,
} from './types';
import { upsert } from './upsert';

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
  private readonly scored: { of: string; technique: Technique; done: number; total: number }[] = [];
  private readonly rows = new Map<string, CandidateProgress>();
  private readonly judgements = new Map<Judgement['step'], Judgement>();
  private readonly failures = new Map<string, FailedCandidate>();

  constructor(readonly input: GuidebookInput) {}

  /** Candidates that did not come about, in the order in which they were planned. */
  get failed(): FailedCandidate[] {
    return [...this.rows.keys()].map((id) => this.failures.get(id)).filter((one) => one !== undefined);
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
    if (!this.notes.includes(text)) this.notes.push(text);
    this.show();
  }

  baseline(original: Original): void {
    this.original = original;
    original.notes.forEach((text) => this.note(text));
    this.show();
  }

  /** Announces that the layers of a model are being scored; the function it gives is to be called once a layer. */
  scoring(of: string, technique: Technique, total: number): () => void {
    const entry = { of, technique, done: 0, total };
    this.scored.push(entry);
    this.show();
    return () => {
      entry.done++;
      this.show();
    };
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

  /** Keeps what step 3 or 5 decided, and why; the last judgement of a step stands. */
  judge(step: Judgement['step'], rule: string, verdicts: readonly Verdict[]): void {
    this.judgements.set(step, { step, rule, verdicts });
    this.show();
  }

  /** Why a candidate was kept or dropped, step by step. */
  reasons(id: string): string[] {
    return [...this.judgements.values()].flatMap(({ step, verdicts }) =>
      verdicts.filter((verdict) => verdict.id === id).map((verdict) => verdictText(step, verdict)),
    );
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
      scoring: this.scored,
      candidates: [...this.rows.values()],
      judgements: [...this.judgements.values()],
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
