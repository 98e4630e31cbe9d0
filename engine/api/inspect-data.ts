import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../data/dataset';
import { readingOf } from '../data/metric';
import { drawnSplit } from '../data/probe-set';
import type { DatasetSource } from '../data/source';
import { packData, type WatchingData } from '../data/sources/pack-data';
import type { UserData } from '../data/sources/user-data';
import { type SplitStatistics, statisticsOf } from '../data/statistics';
import { EngineError } from '../errors';
import { type InputSize, type MetricChoice, metricWords } from '../names';
import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/open-model';
import { inferShapes } from '../onnx/shapes';
import type { Evaluation } from '../jobs/types';
import { ProcessPool } from '../pools/process-pool';
import {
  type DataFinding,
  labelMistake,
  layoutMistake,
  type Measured,
  softmaxMistake,
  triedMistakes,
} from './data-mistakes';

/** Options of `inspectData`. */
export interface InspectDataOptions {
  /** Splits by name; the model is judged on `evaluate`, or on the first if there is none. */
  readonly data: Readonly<Record<string, UserData | undefined>>;
  /** Path of an ONNX file; without it, only the data are described. */
  readonly model?: string;
  /** top1 by default. */
  readonly metric?: MetricChoice;
  readonly inputSize?: InputSize;
  /** Most samples that are drawn for figures and for the metric; 500 by default. */
  readonly samples?: number;
}

/** Figures of splits, a model's metric on them, and mistakes that were found. */
export interface DataReport {
  readonly splits: Readonly<Record<string, SplitStatistics>>;
  /** The splits as arrays. */
  readonly sources: Readonly<Record<string, DatasetSource>>;
  /** The model's metric on the judged split, if it could be computed. */
  readonly metric?: Evaluation & { readonly name: string; readonly split: string; readonly of: number };
  /** Why the metric could not be computed. */
  readonly problem?: string;
  readonly findings: readonly DataFinding[];
}

/** Samples that variants of the data are tried on. */
const tried = 300;

/**
 * Describes data as a model is fed them, judges the model on a sample of them, and looks for mistakes that people often make:
 * pixels from 0 to 255 or to 1, RGB or BGR, channels first or last, labels off by one, softmax twice. A variant of the data
 * counts as a mistake found if the metric is much better with it.
 * @throws EngineError `InvalidData` or `InvalidModel` for files that can't be read; `Cancelled`
 * @example
 * ```ts
 * import { inspectData } from 'slimflow/engine';
 *
 * const data = { evaluate: { images: 'images.npy', labels: 'labels.npy' } };
 * const { splits, metric, findings } = await inspectData({ data, model: 'model.onnx', samples: 50 });
 * console.log(splits.evaluate?.channels, metric?.value, findings.map(({ what, fix }) => `${what}; ${fix}`));
 * ```
 */
export async function inspectData(
  { data, model, metric = 'top1', inputSize, samples = 500 }: InspectDataOptions,
  { signal, onData }: { readonly signal?: AbortSignal; readonly onData?: WatchingData['onProgress'] } = {},
): Promise<DataReport> {
  const packed = await packData(data, { signal, onProgress: onData });
  const sources: Record<string, DatasetSource> = {};
  for (const [name, source] of Object.entries(packed)) if (source) sources[name] = source;
  const splits = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [
      name,
      opened(source, (set) => statisticsOf(set, samples)),
    ]),
  );
  const split = sources.evaluate ? 'evaluate' : Object.keys(sources)[0];
  if (model === undefined || split === undefined) return { splits, sources, findings: [] };
  const graph = openModel(model, { inputSize });
  const byClass = typeof metric === 'string' && readingOf(metric) === 'class';
  const classes = byClass ? classesOf(graph) : undefined;
  const source = sources[split];
  const found = [
    ...layoutMistake(graph, splits[split], Object.keys(source.inputs ?? {})),
    ...labelMistake(splits[split], classes),
    ...(byClass ? softmaxMistake(graph) : []),
  ];
  const judged = await judge({ model, source, metric, samples, classes, signal });
  // What the shapes and labels alone tell need not be tried.
  const more = judged.findings.filter(({ fix }) => !found.some((one) => one.fix === fix));
  return {
    splits,
    sources,
    ...(judged.metric && {
      metric: { ...judged.metric, name: metricWords(metric), split, of: splits[split].samples },
    }),
    ...(judged.problem !== undefined && { problem: judged.problem }),
    findings: [...found, ...more],
  };
}

function opened<T>(source: DatasetSource, use: (data: Dataset) => T): T {
  const data = Dataset.open(source);
  try {
    return use(data);
  } finally {
    data.close();
  }
}

/** Returns the number of classes of a model's first output, if it is known. */
function classesOf(graph: Graph): number | undefined {
  const [output] = graph.outputs;
  const classes = (inferShapes(graph).get(output.name) ?? output.dims)?.[1];
  return typeof classes === 'number' ? classes : undefined;
}

/** Judges a model on samples of a split, and on variants of fewer. */
async function judge({
  model,
  source,
  metric,
  samples,
  classes,
  signal,
}: {
  readonly model: string;
  readonly source: DatasetSource;
  readonly metric: MetricChoice;
  readonly samples: number;
  readonly classes?: number;
  readonly signal?: AbortSignal;
}): Promise<{ metric?: Evaluation; problem?: string; findings: DataFinding[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'slimflow-'));
  const pool = new ProcessPool({ slots: 1 });
  const machinery = {
    threads: Math.max(1, availableParallelism()),
    provider: 'cpu',
    linearAlgebra: 'auto',
  } as const;
  const evaluated = (data: DatasetSource) =>
    pool.run('evaluate', { model, data, metric, machinery }, { signal });
  /** Measures the model; undefined if it can't be run on such data. */
  const measure = async (data: DatasetSource): Promise<Measured | undefined> => {
    try {
      const { value, standardError, samples: count } = await evaluated(data);
      return { value, standardError: standardError ?? 50 / Math.sqrt(count) };
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'Cancelled') return undefined;
      throw error;
    }
  };
  try {
    const drawn = await drawnSplit(source, samples, folder);
    let whole: Evaluation | undefined;
    let problem: string | undefined;
    try {
      whole = await evaluated(drawn);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'Cancelled') throw error;
      problem = error.message.replaceAll(folder, '(drawn)');
    }
    if (source.labels === undefined) return { metric: whole, problem, findings: [] };
    const { normalize: _normalize, ...plain } = drawn;
    const { range, shape } = opened(plain, (set) => statisticsOf(set, tried));
    const fewer = Math.min(
      tried,
      samples,
      opened(drawn, ({ length }) => length),
    );
    const few: DatasetSource = { ...drawn, range: [0, fewer] };
    const before = fewer === whole?.samples ? measuredOf(whole) : await measure(few);
    const findings = await triedMistakes(
      { source: few, folder, range, channels: shape.length === 3 ? shape[0] : 1, classes, measure },
      before,
    );
    return { metric: whole, problem, findings };
  } finally {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const measuredOf = ({ value, standardError, samples }: Evaluation): Measured => ({
  value,
  standardError: standardError ?? 50 / Math.sqrt(samples),
});
