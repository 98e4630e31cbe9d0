import Table from 'cli-table3';

import type { ListedRun } from '../client/list-runs';

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Formats runs as a table for a terminal. */
export function runsTable(runs: readonly ListedRun[]): string {
  const table = new Table({
    head: ['run', 'status', 'stage', 'target', 'outcome', 'started', 'took'],
    colAligns: ['left', 'left', 'left', 'right', 'left', 'left', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { workflowId, status, memo, unreadable, startedAt, endedAt } of runs) {
    const seconds = endedAt && Math.round((endedAt.getTime() - startedAt.getTime()) / 1000);
    table.push([
      workflowId,
      status,
      unreadable === undefined ? text(memo.stage) : 'encrypted',
      text(memo.target),
      text(memo.outcome),
      startedAt.toISOString().replace('T', ' ').slice(0, 19),
      seconds === undefined ? '' : `${seconds} s`,
    ]);
  }
  return table.toString();
}
