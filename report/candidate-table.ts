import Table from 'cli-table3';

import type { GuidebookProgress } from '../contract/run';

const figure = (value: number | undefined, decimals: number) => value?.toFixed(decimals) ?? '';

/** Formats a candidate's target: relative to the original, or to the candidate that it is made from. */
const asked = ({ asked, parent }: GuidebookProgress['candidates'][number]) =>
  parent ? `${asked.toFixed(2)} of ${parent.split('/').at(-1)}` : asked.toFixed(2);

/** Formats the table of all candidates, in the order of planning, for a terminal. */
export function candidatesTable({ candidates }: Pick<GuidebookProgress, 'candidates'>): string {
  const table = new Table({
    head: ['candidate', 'asked', 'achieved', 'metric before → after', 'drop', 'latency ms', 'decision'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of candidates) {
    const metric =
      row.metricAfter === undefined ? '' : `${figure(row.metricBefore, 2)} → ${figure(row.metricAfter, 2)}`;
    const decision = [row.decision ?? row.status, row.shortfall].filter(Boolean).join('; ');
    table.push([
      row.id,
      asked(row),
      figure(row.achieved, 3),
      metric,
      figure(row.drop, 2),
      [figure(row.latencyMs, 2), row.speed && `(${row.speed.faster.toFixed(2)}x)`].filter(Boolean).join(' '),
      wrap(decision, 48),
    ]);
  }
  return table.toString();
}

/** Breaks a text at spaces into lines of at most `width` characters; a longer word gets a line of its own. */
export const wrap = (text: string, width: number): string =>
  text
    .split(' ')
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last !== undefined && last.length + word.length < width)
        lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
      return lines;
    }, [])
    .join('\n');
