import type { Technique } from '../../engine/names';
import type { CompressionSettings } from '../../run-spec/spec';
import type {
  AddCandidate,
  ApprovePicks,
  ApproveSelection,
  ByPerson,
  ChangeTargets,
  SkipCandidate,
} from '../../contract/messages';
import type { CandidateProgress } from '../../contract/run';
import { same } from './targets';

/** Subjects that a person may decide on. `candidates`: which are made. */
export type Subject = 'ssvdTargets' | 'ccpFactors' | 'picks' | 'candidates' | 'selection';

/** C, X, and what candidates are planned by. */
export type Targets = Pick<CompressionSettings, 'target' | 'tolerance' | 'ssvdTargets' | 'ccpFactors'>;

/** State of a run, as far as it matters for what people may decide. */
export interface Standing {
  /** Subjects that can't be decided now, and why. */
  readonly closed: Readonly<Partial<Record<Subject, string>>>;
  readonly targets: Targets;
  /** Those that the spec asks for. */
  readonly asked: readonly Technique[];
  /** Those that the model has layers for. */
  readonly applicable: readonly Technique[];
  readonly candidates: readonly CandidateProgress[];
  readonly approved: { readonly picks?: readonly string[]; readonly candidate?: string };
  /** Number of decisions so far. */
  readonly decisions: number;
}

/** Limits of a run, so that its history, its answers and its result stay small. */
export const most = { decisions: 100, candidates: 100 };

/** Says why each update is refused, in a sentence for the person who asked; undefined if it is accepted. */
export const refusals = {
  approvePicks({ picks }: ApprovePicks, standing: Standing): string | undefined {
    return (
      standing.closed.picks ??
      first(
        picks ?? [],
        (id) =>
          unusable(id, standing) ??
          (isDecomposed(row(id, standing)!)
            ? undefined
            : `${id} can't be picked: channel pruning starts from what SVD made of the original`),
      )
    );
  },

  approveSelection({ candidate }: ApproveSelection, standing: Standing): string | undefined {
    return standing.closed.selection ?? (candidate === undefined ? undefined : unusable(candidate, standing));
  },

  changeTargets(request: ChangeTargets, { closed, targets, asked }: Standing): string | undefined {
    const { target, tolerance, ssvdTargets, ccpFactors } = request;
    if (closed.selection) return closed.selection;
    if ([target, tolerance, ssvdTargets, ccpFactors].every((value) => value === undefined))
      return 'nothing to change: give target, tolerance, ssvdTargets or ccpFactors';
    if (ssvdTargets && closed.ssvdTargets) return closed.ssvdTargets;
    if (ccpFactors && closed.ccpFactors) return closed.ccpFactors;
    if (closed.ssvdTargets || !asked.includes('channel-pruning')) return undefined;
    const goal = target ?? targets.target;
    const below = (ssvdTargets ?? targets.ssvdTargets)?.find((value) => value < goal);
    return below === undefined
      ? undefined
      : `the ssvdTargets must not lie below the target ${goal}, which channel pruning is to reach from them: ${below} does`;
  },

  addCandidate({ technique, asked, parent }: AddCandidate, standing: Standing): string | undefined {
    const { closed, applicable, candidates } = standing;
    if (closed.selection ?? closed.candidates) return closed.selection ?? closed.candidates;
    if (parent !== null && technique !== 'channel-pruning')
      return `${technique} starts from the original: the parent must be null`;
    if (parent === null && !applicable.includes(technique))
      return `the model has no layer that ${technique} can compress; ${applicable.join(' and ')} can be asked for`;
    const there = candidates.find(
      (one) => one.technique === technique && one.parent === parent && Math.abs(one.asked - asked) < same,
    );
    if (there) return `${there.id} is there already: it is ${state(there)}`;
    if (candidates.length >= most.candidates)
      return `the run has ${candidates.length} candidates, which is the most it takes`;
    return parent === null ? undefined : unusable(parent, standing);
  },

  skipCandidate({ id }: SkipCandidate, standing: Standing): string | undefined {
    if (standing.closed.selection) return standing.closed.selection;
    const { picks, candidate } = standing.approved;
    if (!standing.closed.picks && picks?.includes(id))
      return `${id} was approved as a pick: approve other picks first`;
    if (candidate === id) return `${id} was approved as the result: approve another candidate first`;
    const reason = row(id, standing)?.status === 'running' ? undefined : unusable(id, standing);
    const isOnly = standing.candidates.every(
      (one) => one.id === id || !['running', 'done'].includes(one.status),
    );
    return reason ?? (isOnly ? `${id} is the only candidate there is: cancel ends the run` : undefined);
  },

  finishEarly(_: ByPerson, { closed, candidates }: Standing): string | undefined {
    return (
      closed.selection ??
      closed.candidates ??
      (candidates.some(({ status }) => status === 'done')
        ? undefined
        : 'no candidate is done yet, so there is nothing to take: cancel ends the run')
    );
  },
};

/** Says why no decision is accepted at all; undefined if one is. */
export const refuseAny = ({ decisions }: Standing): string | undefined =>
  decisions < most.decisions ? undefined : `the run holds ${decisions} decisions, which is the most it takes`;

const row = (id: string, { candidates }: Standing) => candidates.find((one) => one.id === id);

/** Candidates that step 3 picks from. */
export const isDecomposed = ({ parent, technique }: Pick<CandidateProgress, 'parent' | 'technique'>) =>
  parent === null && technique !== 'channel-pruning';

/** Why a candidate can't be built upon; undefined for one that is done. */
function unusable(id: string, standing: Standing): string | undefined {
  const found = row(id, standing);
  if (!found) {
    const ids = standing.candidates.map((one) => one.id).slice(0, 20);
    return `there is no candidate ${id}${ids.length ? `; there are ${ids.join(', ')}` : ' yet'}`;
  }
  return found.status === 'done' ? undefined : `${id} is ${state(found)}`;
}

/** Describes the state of a candidate in words that follow "is". */
function state({ status, decision }: CandidateProgress): string {
  if (status === 'running') return 'still being made';
  if (status === 'failed') return `of no use: it ${decision ?? 'failed'}`;
  return status === 'done' ? 'done' : `left out: it was ${decision ?? status}`;
}

function first<T>(all: readonly T[], reason: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = reason(one);
    if (found) return found;
  }
  return undefined;
}
