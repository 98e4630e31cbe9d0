import type { ReportData } from './data/report-data';

/** A value of a cell; nothing is an empty cell. */
type Cell = string | number | boolean | null | undefined;

/** A table of a report's data: its name, which becomes that of its file, and its rows by column. */
export interface CsvTable {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** Arranges the data of a report as tables, without those that have no rows. Numbers are in full; times are in seconds. */
export function csvTables({ summary, front, steps, timeline, layers, ...rest }: ReportData): CsvTable[] {
  const { heatMaps, training, predictions, provenance } = rest;
  const tables: CsvTable[] = [
    { name: 'figures', rows: summary.figures.map((figure) => ({ ...figure })) },
    { name: 'front', rows: front?.points.map(({ costs, ...point }) => ({ ...point, ...costs })) ?? [] },
    { name: 'candidates', rows: branchRows(steps.branches, 'original') },
    { name: 'decisions', rows: steps.decisions.map((decision) => ({ ...decision })) },
    { name: 'timeline', rows: timeline?.bars.map(({ href: _href, ...bar }) => ({ ...bar })) ?? [] },
    { name: 'layers', rows: layers?.rows.map((row) => ({ ...row })) ?? [] },
    {
      name: 'scores',
      rows: heatMaps.flatMap(({ title, ratios, rows }) =>
        rows.flatMap(({ layer, scores }) =>
          scores.flatMap((score, at) => (score ? [{ of: title, layer, ...score, ratio: ratios[at] }] : [])),
        ),
      ),
    },
    {
      name: 'training',
      rows: (training?.rows ?? []).map(
        ({ losses: _losses, evaluations: _evaluations, rates: _rates, rollbacks, ...row }) => ({
          ...row,
          rollbacks: rollbacks.length,
        }),
      ),
    },
    {
      name: 'training-curves',
      rows: (training?.rows ?? []).flatMap(({ candidate, losses, evaluations, rates }) => [
        ...losses.map(({ epoch, loss }) => ({ candidate, curve: 'loss', epoch, value: loss })),
        ...evaluations.map(({ epoch, value }) => ({ candidate, curve: 'metric', epoch, value })),
        ...rates.map(({ epoch, rate }) => ({ candidate, curve: 'learning rate', epoch, value: rate })),
      ]),
    },
    { name: 'classes', rows: predictions?.classes.map((row) => ({ ...row })) ?? [] },
    { name: 'confusion', rows: predictions?.confusions.map((row) => ({ ...row })) ?? [] },
    {
      name: 'flips',
      rows: predictions?.flips.map(({ picture: _picture, ...flip }) => ({ ...flip })) ?? [],
    },
    { name: 'files', rows: provenance.files.map((file) => ({ ...file })) },
  ];
  return tables.filter(({ rows }) => rows.length);
}

function branchRows(branches: ReportData['steps']['branches'], parent: string): CsvTable['rows'] {
  return branches.flatMap(({ children, reasons, ...branch }) => [
    { ...branch, parent, reasons: reasons.join('; ') },
    ...branchRows(children, branch.id),
  ]);
}

/**
 * Writes a table as CSV (RFC 4180): the columns are those of all rows. A text that a spreadsheet would take for a formula gets
 * an apostrophe in front.
 */
export function csvText({ rows }: CsvTable): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  const text = String(cell ?? '');
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
