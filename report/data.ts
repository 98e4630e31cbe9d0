import Table from 'cli-table3';

import type { DataReport } from '../engine/api/inspect-data';
import type { LabelStatistics, SplitStatistics } from '../engine/data/statistics';

/** The picture of some samples. */
export interface DrawnSamples {
  readonly file: string;
  readonly split: string;
  readonly samples: readonly { readonly row: number; readonly label?: number }[];
}

/** Formats figures of data, the metric and the mistakes found for a terminal. */
export function dataReport({ splits, metric, problem, findings }: DataReport, drawn?: DrawnSamples): string {
  const table = new Table({
    head: ['split', 'samples', 'shape', 'values', 'mean per channel', 'std per channel', 'labels'],
    colAligns: ['left', 'right', 'left', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const [name, split] of Object.entries(splits)) table.push([name, ...cellsOf(split)]);
  return [
    table.toString(),
    ...Object.entries(splits).flatMap(([name, { labels }]) =>
      labels?.perClass ? [`labels of ${name}: ${histogram(labels.perClass)}`] : [],
    ),
    ...(drawn ? [pictureLine(drawn)] : []),
    ...(metric
      ? [
          `${metric.name} of the model: ${metric.value.toFixed(2)} on ${metric.samples} of ${metric.of} samples of ${metric.split}`,
        ]
      : []),
    ...(problem === undefined ? [] : [`the model can not be judged: ${problem}`]),
    ...findings.flatMap(({ what, fix }) => [`mistake: ${what}`, `    fix: ${fix}`]),
    ...(findings.length || !metric ? [] : ['no usual mistake was found']),
  ].join('\n');
}

const number = (value: number): string => String(Number(value.toPrecision(4)));

/** Most channels whose figures are listed. */
const mostListed = 4;

function cellsOf({ samples, shape, range, channels, labels }: SplitStatistics): string[] {
  const listed = (key: 'mean' | 'std') =>
    [
      ...channels.slice(0, mostListed).map((channel) => number(channel[key])),
      ...(channels.length > mostListed ? ['…'] : []),
    ].join(', ');
  return [
    String(samples),
    shape.join('x'),
    range.map(number).join(' to '),
    listed('mean'),
    listed('std'),
    labels ? labelCell(labels) : 'none',
  ];
}

function labelCell({ shape, least, greatest, perClass }: LabelStatistics): string {
  const each = shape.length ? `${shape.join('x')} each, ` : '';
  return `${each}${number(least)} to ${number(greatest)}${perClass ? ` (${perClass.length} different)` : ''}`;
}

/** Most classes that are listed one by one. */
const mostClasses = 20;

/** Lists how often each label occurs, or the least and the most frequent if there are many. */
function histogram(perClass: NonNullable<LabelStatistics['perClass']>): string {
  const cell = ([label, count]: readonly [number, number]) => `${label}: ${count}`;
  if (perClass.length <= mostClasses) return perClass.map(cell).join(', ');
  const byCount = perClass.toSorted(([, a], [, b]) => a - b);
  return `least ${byCount.slice(0, 3).map(cell).join(', ')}; most ${byCount.slice(-3).map(cell).join(', ')}`;
}

const pictureLine = ({ file, split, samples }: DrawnSamples): string =>
  `${samples.length} samples of ${split} in ${file}: rows ${samples
    .map(({ row, label }) => (label === undefined ? `${row}` : `${row} (label ${label})`))
    .join(', ')}`;
