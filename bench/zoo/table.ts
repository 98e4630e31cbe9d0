/** One compression of one model, as bench/zoo/zoo.ts measures and stores it. */
export interface Row {
  /** File name without .onnx, such as `resnet18-dynamo`. */
  readonly model: string;
  readonly technique: string;
  readonly target: number;
  readonly seconds: number;
  /** Error of the command if it failed; the fields below are then absent. */
  readonly failure?: string;
  /** MACs relative to the original's, counted by check.py. */
  readonly ratio?: number;
  readonly macsOriginal?: number;
  /** Cosine between the first outputs of both models on random images. */
  readonly cosine?: number;
  /** Problems that check.py found. */
  readonly problems?: readonly string[];
  /** Reason of the command for missing the target. */
  readonly shortfall?: string;
}

/** Distance from the target up to which a result needs no explanation. */
const closeness = 0.01;

export type Verdict = 'ok' | 'floor' | 'failed';

/** `ok` within 0.01 of the target; `floor` if the command said why not; otherwise `failed`. */
export function verdict({ failure, ratio, problems = [], target, shortfall }: Row): Verdict {
  if (failure !== undefined || ratio === undefined || problems.length) return 'failed';
  if (Math.abs(ratio - target) <= closeness) return 'ok';
  return shortfall ? 'floor' : 'failed';
}

/**
 * Returns the table of docs/zoo.md: one row per model, one column per technique and target, then a list of missed
 * targets.
 */
export function zooTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.map(({ technique, target }) => `${technique} ${target}`))];
  const models = [...new Set(rows.map(({ model }) => model))];
  const of = (model: string, column: string) =>
    rows.find((row) => row.model === model && `${row.technique} ${row.target}` === column);
  const lines = models.map((model) => {
    const macs = rows.find((row) => row.model === model && row.macsOriginal)?.macsOriginal;
    return line([model, macs ? millions(macs) : '', ...columns.map((column) => cell(of(model, column)))]);
  });
  const remarks = rows.flatMap((row) => {
    const said = row.failure ?? (row.problems?.length ? row.problems.join('; ') : row.shortfall);
    return verdict(row) === 'ok'
      ? []
      : [`- ${row.model}, ${row.technique} ${row.target}: ${said ?? 'off the target'}`];
  });
  return [
    line(['model', 'MACs, M', ...columns]),
    line(['---', ...columns.map(() => '---:'), '---:']),
    ...lines,
    ...(remarks.length ? ['', ...remarks] : []),
  ].join('\n');
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const millions = (macs: number) => (macs / 1e6).toFixed(macs < 1e8 ? 1 : 0);

function cell(row: Row | undefined): string {
  if (!row) return '';
  const marks = { ok: '', floor: ' ↥', failed: ' ✗' };
  return `${row.ratio?.toFixed(3) ?? ''}${marks[verdict(row)]}`;
}
