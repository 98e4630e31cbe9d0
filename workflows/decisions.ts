import { CancellationScope } from '@temporalio/workflow';

import { type Technique, techniqueTraits } from '../engine/names';
import type { CompressionSettings } from '../run-spec/spec';
import { hold, paused, release } from './pause';
import type {
  AddCandidate,
  ApprovePicks,
  ApproveSelection,
  ByPerson,
  ChangeTargets,
  PauseRequest,
  ResumeRequest,
  SkipCandidate,
} from '../contract/messages';
import { prefixOf } from '../contract/techniques';
import { most, type Standing, type Subject, type Targets } from './rules/refusals';
import { freshName } from './rules/targets';
import type { CandidatePlan, Decision, GuidebookInput, GuidebookProgress, Waiting } from '../contract/run';
import type { LeftOut } from '../contract/verdict';

/** A person's approval, ahead of time or when asked. */
interface Approval<What> {
  readonly by: string;
  /** Left out if the proposal was approved before there was one. */
  readonly what?: What;
}

/** The run that is decided in: what decisions look at, and how they change it. `Run` is one. */
export interface RunToDecide {
  readonly input: Pick<GuidebookInput, 'settings'>;
  /** Techniques that the original has layers for. */
  readonly applicable: readonly Technique[];
  progress(): Pick<GuidebookProgress, 'candidates'>;
  begin(plan: CandidatePlan): void;
  skip(id: string, verdict: LeftOut): void;
  abandon(verdict: LeftOut): string[];
  note(text: string): void;
  show(): void;
}

/**
 * People's decisions in a run, and those that they may still make. Its methods are called for requests that `refusals`
 * lets pass; each changes state alone, at once, and answers with what it did: the guidebook's steps see it where they
 * wait.
 */
export class People {
  readonly decisions: Decision[] = [];
  /** Rises with all that may change what a rule proposes. */
  changes = 0;
  picks?: Approval<readonly string[]>;
  selection?: Approval<string>;
  /** Who finished the run early. */
  finishedBy?: string;
  /** Why the run ends with nothing selected, and the best of what was proposed: nobody approved it in time. */
  stopped?: { readonly reason: string; readonly best?: string };
  waiting?: Waiting;
  /** Candidates asked for that no step has taken up yet. */
  readonly added: CandidatePlan[] = [];
  private targets: Partial<Targets> = {};
  private readonly closed: Partial<Record<Subject, string>> = {
    candidates: 'the original is still being measured: ask again once step 2 has begun',
  };
  private readonly making = new Map<string, CancellationScope>();
  private readonly interrupts = new Set<CancellationScope>();

  constructor(private readonly run: RunToDecide) {}

  /** The spec's settings, with what people changed. */
  get settings(): CompressionSettings {
    return { ...this.run.input.settings, ...this.targets };
  }

  /** Says that something can no longer be decided, and why. */
  close(subject: Subject, why: string): void {
    this.closed[subject] = why;
  }

  open(subject: Subject): void {
    delete this.closed[subject];
  }

  /** Returns the state that `refusals` judge by. */
  standing(): Standing {
    const { techniques } = this.run.input.settings;
    return {
      closed: this.closed,
      targets: this.settings,
      asked: techniques,
      applicable: this.run.applicable,
      candidates: this.run.progress().candidates,
      approved: { picks: this.picks?.what, candidate: this.selection?.what },
      decisions: this.decisions.length,
    };
  }

  /** Runs the making of a candidate in a scope of its own, which `skipCandidate` cancels. */
  async make<T>(id: string, work: () => Promise<T>): Promise<T> {
    const scope = new CancellationScope();
    this.making.set(id, scope);
    try {
      return await scope.run(work);
    } finally {
      this.making.delete(id);
    }
  }

  /** Runs steps that `finishEarly` cancels; once it did, they are not begun. */
  async untilFinished(work: () => Promise<void>): Promise<void> {
    if (this.finishedBy !== undefined) return;
    const scope = new CancellationScope();
    this.interrupts.add(scope);
    try {
      await scope.run(work);
    } catch (error) {
      // What was under way when the run was finished is given up, unless the run itself was cancelled.
      const isInterrupted = scope.consideredCancelled && !CancellationScope.current().consideredCancelled;
      if (!isInterrupted) throw error;
    } finally {
      this.interrupts.delete(scope);
    }
  }

  /** Ends the run with nothing selected. */
  stop(reason: string, best: string | undefined): void {
    this.stopped = { reason, best };
    for (const subject of ['ssvdTargets', 'ccpFactors', 'picks', 'candidates', 'selection'] as const)
      this.close(subject, 'the run stopped, since nobody approved in time');
  }

  approvePicks({ picks, ...person }: ApprovePicks): string {
    const what = picks ?? (this.waiting?.for === 'picks' ? this.waiting.proposed : undefined);
    this.picks = { by: person.by, what };
    return this.record(
      person,
      what
        ? `picks approved: ${what.join(', ')}`
        : 'picks approved ahead of time, as the rule will have them',
    );
  }

  approveSelection({ candidate, ...person }: ApproveSelection): string {
    const isAsked = this.waiting?.for === 'selection';
    const what = candidate ?? (isAsked ? this.waiting?.proposed[0] : undefined);
    this.selection = { by: person.by, what };
    if (what !== undefined) return this.record(person, `selection approved: ${what}`);
    return this.record(
      person,
      isAsked
        ? 'approved that no candidate is selected'
        : 'selection approved ahead of time, as the rule will have it',
    );
  }

  changeTargets({ by, note, ...changes }: ChangeTargets): string {
    const before = this.settings;
    const said = (value: Targets[keyof Targets]) =>
      Array.isArray(value) ? value.join(', ') : (value ?? 'default');
    const given = Object.entries(changes).filter(([, value]) => value !== undefined) as [
      keyof Targets,
      never,
    ][];
    this.targets = { ...this.targets, ...Object.fromEntries(given) };
    const what = given.map(([name, value]) => `${name} changed from ${said(before[name])} to ${said(value)}`);
    return this.record({ by, note }, what.join('; '));
  }

  addCandidate({ technique, asked, parent, ...person }: AddCandidate): string {
    const { candidates } = this.run.progress();
    const plan: CandidatePlan = {
      id: freshName(
        prefixOf(technique, parent ?? undefined),
        asked,
        candidates.map(({ id }) => id),
      ),
      technique,
      parent,
      round: candidates.find(({ id }) => id === parent)?.round ?? 0,
      asked,
    };
    this.run.begin(plan);
    this.added.push(plan);
    return this.record(
      person,
      `${plan.id} added: ${techniqueTraits[technique].words} of ${parent ?? 'the original'} to ${asked}`,
    );
  }

  skipCandidate({ id, ...person }: SkipCandidate): string {
    this.run.skip(id, { state: 'skipped', by: person.by, ...(person.note && { why: person.note }) });
    this.making.get(id)?.cancel();
    return this.record(person, `${id} skipped`);
  }

  finishEarly(person: ByPerson): string {
    const why = `finished early by ${person.by}`;
    this.finishedBy = person.by;
    for (const subject of ['ssvdTargets', 'ccpFactors', 'picks'] as const)
      this.closed[subject] ??= `the run was ${why}`;
    this.close('candidates', `the run was ${why}`);
    const unfinished = this.run.abandon({ state: 'unfinished', by: person.by });
    this.added.length = 0;
    this.interrupts.forEach((scope) => scope.cancel());
    // What is left to do takes the pause's end for granted.
    release(person);
    this.run.note(`${why}${unfinished.length ? `, without ${unfinished.join(', ')}` : ''}`);
    return this.record(person, 'finished early, with the candidates that are done');
  }

  pause(request: PauseRequest): void {
    if (paused()) return;
    hold(request);
    this.record({ by: request.by, note: request.reason }, 'paused');
  }

  resume(request: ResumeRequest): void {
    if (!paused()) return;
    release(request);
    this.record(request, 'resumed');
  }

  private record({ by, note }: ByPerson, what: string): string {
    this.changes++;
    if (this.decisions.length < most.decisions)
      this.decisions.push({
        at: new Date().toISOString(),
        what: what.slice(0, 300),
        by,
        ...(note !== undefined && { note }),
      });
    this.run.show();
    return what;
  }
}
