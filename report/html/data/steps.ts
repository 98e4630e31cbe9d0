import type { Reported } from '../../../client/reported';
import type { Piece } from '../../../client/read-history';
import type { RunSources } from '../../../client/run-sources';
import { decisionText } from '../../../contract/verdict';
import { techniqueTraits } from '../../../engine/names';

/** A candidate as it went through the guidebook, with those made from it. */
export interface Branch {
  readonly id: string;
  readonly technique: string;
  /** 0, or the number of the revisit that it belongs to. */
  readonly round: number;
  readonly asked: number;
  readonly status: 'selected' | 'picked' | 'done' | 'failed' | 'skipped' | 'running' | 'cancelled';
  readonly achieved?: number;
  readonly drop?: number;
  /** Decisions of the steps: `picked; too far from C`. */
  readonly decision: string;
  /** Why, one sentence per step. */
  readonly reasons: readonly string[];
  /** Seconds of work in it, and attempts beyond the first; left out if the history is gone. */
  readonly seconds?: number;
  readonly retries?: number;
  readonly children: readonly Branch[];
}

/** The guidebook as it ran. */
export interface Steps {
  readonly branches: readonly Branch[];
  readonly decisions: Reported['decisions'];
  readonly seconds: number;
  readonly isRunning: boolean;
}

/** Collects the candidates of a run as a tree, and what people decided. */
export function stepsOf({ result, record }: RunSources): Steps {
  const reasons = new Map<string, readonly string[]>([
    ...result.candidates.map(({ id, reasons: why }) => [id, why] as const),
    ...Object.entries(result.whyNot).map(([id, reason]) => [id, [reason]] as const),
  ]);
  const { rows } = result;
  const known = new Set(rows.map(({ id }) => id));
  const under = (parent: string | null): Branch[] =>
    rows
      // One whose parent is not in the result still has a place in the picture.
      .filter((row) => (row.parent !== null && known.has(row.parent) ? row.parent : null) === parent)
      .map((row) => ({
        id: row.id,
        technique: techniqueTraits[row.technique].words,
        round: row.round,
        asked: row.asked,
        status: statusOf(row.id, row.status, result),
        achieved: row.achieved,
        drop: row.drop,
        decision: decisionText(row.verdicts ?? []),
        reasons: reasons.get(row.id) ?? [],
        ...work(record?.pieces.filter(({ of }) => of === row.id)),
        children: under(row.id),
      }));
  return {
    branches: under(null),
    decisions: result.decisions,
    seconds: result.seconds,
    isRunning: result.outcome === 'running',
  };
}

function statusOf(
  id: string,
  status: Reported['rows'][number]['status'],
  { selected, picks }: Reported,
): Branch['status'] {
  if (status !== 'done') return status;
  return id === selected ? 'selected' : picks.includes(id) ? 'picked' : 'done';
}

function work(pieces: readonly Piece[] | undefined): Pick<Branch, 'seconds' | 'retries'> {
  if (!pieces?.length) return {};
  const sum = (of: (piece: Piece) => number) => pieces.reduce((total, piece) => total + of(piece), 0);
  return {
    seconds: sum(({ startedAt, endedAt }) => (endedAt - startedAt) / 1000),
    retries: sum(({ attempts }) => attempts - 1),
  };
}
