import type { ComparedRun, Comparison } from '../data/comparison';
import { draw } from './drawing';
import { count, duration, metricPoints, percent, ratioText } from './figures';
import { costText } from './front-picture';
import { frontsPicture, sharedAxes } from './fronts-picture';
import { type Content, type Html, markup } from './html';
import { pageOf, type Section } from './page';
import { gallery } from './predictions-section';
import { script } from './script';
import { switched } from './switched';
import { numbersOf, table } from './table';

/** Draws the comparison of several runs as one HTML file, which needs nothing else. */
export function comparePage(comparison: Comparison): string {
  const sections: readonly (readonly [id: string, title: string, body: Html | false])[] = [
    ['runs', 'Runs', runs(comparison)],
    ['fronts', 'Fronts', comparison.runs.some(({ front }) => front) && fronts(comparison)],
    ['settings', 'Settings that differ', settings(comparison)],
    ['winners', 'Predictions of the winners', comparison.winners.length > 0 && winners(comparison)],
    ['missing', 'Not in this comparison', comparison.missing.length > 0 && missing(comparison)],
  ];
  return pageOf(
    {
      title: `${comparison.runs.length} runs: Slimflow comparison`,
      policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
      script,
      header: markup`<h1>${comparison.runs.length} runs beside each other</h1>`,
    },
    sections.flatMap(([id, title, body]): Section[] => (body ? [{ id, title, body }] : [])),
  );
}

const colourOf = (at: number): Html => markup`<span class="s${at % 6}" aria-hidden="true">●</span>${' '}`;

/** Figures of a run by their names. */
const figures: Readonly<Record<string, (run: ComparedRun) => Content>> = {
  outcome: ({ outcome }) => outcome,
  target: ({ target }) => target,
  tolerance: ({ tolerance }) => tolerance,
  selected: ({ selected }) => selected ?? 'none',
  ratio: ({ ratio }) => ratioText(ratio),
  'metric of the original': ({ original }) => metricPoints(original),
  metric: ({ value }) => metricPoints(value),
  drop: ({ drop }) => metricPoints(drop),
  'test split': ({ test }) => metricPoints(test),
  MACs: ({ macs }) => macs !== undefined && count(macs),
  parameters: ({ params }) => params !== undefined && count(params),
  latency: ({ latencyMs }) => latencyMs !== undefined && `${latencyMs.toFixed(2)} ms`,
  speed: ({ speed }) => speed,
  took: ({ seconds }) => duration(seconds),
};

const runs = ({ runs: all }: Comparison): Html =>
  table(
    'Runs',
    [{ name: 'figure' }, ...all.map(({ name }, at) => ({ name, mark: colourOf(at), numeric: true }))],
    Object.entries(figures).map(([name, figure]): Content[] => [name, ...all.map(figure)]),
  );

function fronts(comparison: Comparison): Html {
  const axes = sharedAxes(comparison);
  const rows = comparison.runs.flatMap((run, at) =>
    (run.front?.points ?? []).map((point): Content[] => [
      markup`${colourOf(at)}${run.name}`,
      point.id,
      point.role,
      ...axes.map(({ key, unit }) => {
        const value = point.costs[key];
        return value === undefined ? '' : unit === 'count' ? count(value) : costText(unit, value);
      }),
      metricPoints(point.after),
      metricPoints(point.drop),
    ]),
  );
  return markup`<p>
      The line of a run goes through the candidates that no other of that run beats in both; ◆ is the selected one, ■ the original.
    </p>
    ${switched(
      'fronts',
      'Over',
      axes.map((axis) => ({
        key: axis.key,
        name: axis.name,
        body: draw(`fronts-${axis.key}`, (width) => frontsPicture(comparison, axis, width)),
      })),
    )}
    ${numbersOf(
      'The fronts',
      rows.length,
      table(
        'The fronts',
        [
          { name: 'run' },
          { name: 'model' },
          { name: 'role' },
          ...axes.map(({ name }) => ({ name, numeric: true })),
          { name: 'metric', numeric: true },
          { name: 'drop', numeric: true },
        ],
        rows,
      ),
    )}`;
}

const settings = ({ runs: all, settings: differ }: Comparison): Html =>
  differ.length
    ? table(
        'Settings that differ',
        [{ name: 'setting' }, ...all.map(({ name }) => ({ name }))],
        differ.map(({ name, values }) => [name, ...values.map((value) => value ?? '')]),
      )
    : markup`<p>All settings are the same.</p>`;

function winners({ runs: all, winners: pairs }: Comparison): Html {
  return markup`${table(
    'Predictions of the winners',
    [
      { name: 'runs' },
      { name: 'samples', numeric: true },
      { name: 'right in the first', numeric: true },
      { name: 'right in the second', numeric: true },
      { name: 'only in the first', numeric: true },
      { name: 'only in the second', numeric: true },
      { name: 'both wrong, differently', numeric: true },
    ],
    pairs.map(({ one, other, changes }): Content[] => [
      markup`${colourOf(one)}${all[one].name} and ${colourOf(other)}${all[other].name}`,
      count(changes.samples),
      percent(changes.before / changes.samples),
      percent(changes.after / changes.samples),
      changes.lost,
      changes.gained,
      changes.changed,
    ]),
  )}
  ${pairs
    .filter(({ changes }) => changes.flips.length)
    .map(({ one, other, changes }) => {
      const [first, second] = [all[one], all[other]];
      const title = `${first.name} ${first.selected}, and ${second.name} ${second.selected}`;
      return markup`<details${pairs.length < 4 && markup` open`}>
        <summary>${title}: ${changes.allFlips} samples that they take for different classes</summary>
        ${gallery(changes.flips, {
          title: `Samples of ${first.name} and ${second.name}`,
          before: 'first',
          after: 'second',
          kinds: {
            lost: 'only the first is right',
            gained: 'only the second is right',
            changed: 'both are wrong',
          },
        })}
      </details>`;
    })}`;
}

const missing = ({ missing: sentences }: Comparison): Html =>
  markup`<ul>
    ${sentences.map((sentence) => markup`<li>${sentence}</li>`)}
  </ul>`;
