import { faults } from './faults';
import type { Incident } from './conductor';
import { faultNames } from './schedule';
import type { Refusal } from './refusals';
import type { ChaosReport, Compared } from './suite';

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
const seconds = (value: number | undefined) => value?.toFixed(1) ?? '';

/** Returns the median of some numbers; undefined if there are none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2
    ? sorted[Math.floor(middle)]
    : (sorted[middle - 1] + sorted[middle]) / 2 || undefined;
}

/** The tables of faults and of runs, in Markdown. */
export function chaosTables({ incidents, compared, room }: ChaosReport): string {
  return [
    table(
      [
        'fault',
        'times',
        'of them felt',
        'lasted s, median',
        'time to recover s: median',
        'max',
        'recovered by',
      ],
      faultNames
        .filter((name) => incidents.some(({ fault }) => fault === name))
        .map((name) =>
          faultRow(
            name,
            incidents.filter(({ fault }) => fault === name),
          ),
        ),
    ),
    `The store's file system: ${room}.`,
    table(
      [
        'run',
        'selected',
        'SHA-256 of the final model',
        'seconds with faults',
        'without',
        'compared with the run without faults',
      ],
      compared.map(runRow),
    ),
  ].join('\n\n');
}

function faultRow(name: Incident['fault'], incidents: readonly Incident[]): string[] {
  const recoveries = incidents.map(({ recovery }) => recovery).filter((one) => one !== undefined);
  return [
    faults[name].title,
    `${incidents.length}`,
    `${recoveries.length}`,
    seconds(median(incidents.map(({ outage }) => outage))),
    seconds(median(recoveries)),
    recoveries.length ? seconds(Math.max(...recoveries)) : '',
    faults[name].remedy,
  ];
}

const runRow = ({ name, selected, model, seconds: [disturbed, undisturbed], again, problems }: Compared) => [
  name,
  selected ?? '',
  model?.slice(0, 16) ?? '',
  disturbed.toFixed(0),
  undisturbed.toFixed(0),
  `${problems.length ? problems.join('; ') : 'equal'}${again ? ', after the same spec was run again' : ''}`,
];

/** Returns the table of refusals, in Markdown. */
export const refusalTable = (refusals: readonly Refusal[]): string =>
  table(
    ["the user's model, in the store of a started run", 'the run', 'the same spec, started again'],
    refusals.map(({ damage, isRefused, message, isFixed }) => [
      damage,
      isRefused ? `fails: ${message}` : 'does not fail',
      isFixed ? 'imports it again and completes' : 'fails',
    ]),
  );
