/** One compression of one model, as bench/zoo/zoo.ts measures and stores it. */
export interface Row {
  /** File name without .onnx, such as `resnet18-dynamo`. */
  readonly model: string;
  readonly technique: string;
  readonly target: number;
  readonly seconds: number;
  /** What the command said when it failed; the fields below are then absent. */
  readonly failure?: string;
  /** MACs relative to the original's, counted by check.py. */
  readonly ratio?: number;
  readonly macsOriginal?: number;
  /** Cosine between the first outputs of both models on random images. */
  readonly cosine?: number;
  /** What check.py found wrong. */
  readonly problems?: readonly string[];
  /** Why the target was not met, as the command said. */
  readonly shortfall?: string;
}

/** How far from the target a result may land without a word. */
const closeness = 0.01;

export type Verdict = 'ok' | 'floor' | 'failed';

/** `ok` within 0.01 of the target; `floor` where the command said why not; else `failed`. */
export function verdict({ failure, ratio, problems = [], target, shortfall }: Row): Verdict {
  if (failure !== undefined || ratio === undefined || problems.length) return 'failed';
  if (Math.abs(ratio - target) <= closeness) return 'ok';
  return shortfall ? 'floor' : 'failed';
}

/** The table of docs/zoo.md: a line a model, a column a technique and target, then a list of what was not plainly met. */
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
