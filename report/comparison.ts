import Table from 'cli-table3';

import { visible } from '../engine/visible';
import type { Comparison } from './html/data/comparison';

const plain = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

/** Formats the comparison of several runs for a terminal: a row per run, the settings that differ, and the flips. */
export function comparisonText({ runs, settings, winners, missing }: Comparison): string {
  const figures = new Table({
    ...plain,
    head: ['run', 'outcome', 'target', 'selected', 'ratio', 'metric', 'drop', 'test', 'ms', 'speed'],
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const run of runs)
    figures.push([
      visible(run.name),
      run.outcome,
      run.target,
      visible(run.selected ?? 'none'),
      run.ratio?.toFixed(3) ?? '',
      run.value?.toFixed(2) ?? '',
      run.drop?.toFixed(2) ?? '',
      run.test?.toFixed(2) ?? '',
      run.latencyMs?.toFixed(2) ?? '',
      run.speed ?? '',
    ]);
  const differing = new Table({ ...plain, head: ['setting', ...runs.map(({ name }) => visible(name))] });
  for (const { name, values } of settings)
    differing.push([visible(name), ...values.map((value) => visible(value ?? ''))]);
  return [
    figures.toString(),
    settings.length ? differing.toString() : 'all settings are the same',
    ...winners.map(
      ({ one, other, changes: { samples, lost, gained, changed } }) =>
        `${visible(runs[one].name)} and ${visible(runs[other].name)}: of ${samples} samples, ${lost} are right only in the first, ${gained} only in the second, ${changed} are wrong in both, differently`,
    ),
    ...missing.map((sentence) => `missing: ${visible(sentence)}`),
  ].join('\n');
}
