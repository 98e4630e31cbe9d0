import { dirname, resolve } from 'node:path';

import { parseDocument } from 'yaml';
import { z } from 'zod';

import type { InputSize } from '../engine/names';
import type { FineTuneSettings } from '../engine/jobs/types';
import { readRegularSync } from '../engine/regular-file';
import { issueText } from './issue-text';
import { withLossGraph } from './loss-file';
import type { SpecMetric } from './metric-schema';
import { resolvedMetric, resolvedModule } from './metric-file';
import { resolvedPath } from './remote-path';
import { SpecError } from './spec-error';
import { CompressionSpec, DataSpec, LookSpec, TrainingSpec } from './spec';

/**
 * Reads a spec from a YAML or JSON file, fills in the defaults, and resolves its paths relative to the file's folder.
 * @throws SpecError
 */
export function loadSpec(file: string): CompressionSpec {
  const spec = parsedFile(file, CompressionSpec);
  const absolute = (path: string) => resolvedPath(dirname(resolve(file)), path);
  return {
    ...spec,
    model: absolute(spec.model),
    metric: resolvedMetric(spec.metric, file),
    data: {
      train: resolved(spec.data.train, file),
      evaluate: resolved(spec.data.evaluate, file),
      test: resolved(spec.data.test, file),
    },
    outDir: resolve(dirname(resolve(file)), spec.outDir),
  };
}

/**
 * Reads the data of a spec, its metric and its fine-tuning, and ignores the rest of the file.
 * @throws SpecError
 */
export function loadData(file: string): Pick<CompressionSpec, 'metric' | 'fineTune' | 'inputSize'> & {
  data: Record<'train' | 'evaluate', Split>;
} {
  const { data, metric, ...rest } = parsedFile(file, DataSpec);
  return {
    data: { train: resolved(data.train, file), evaluate: resolved(data.evaluate, file) },
    metric: resolvedMetric(metric, file),
    ...rest,
  };
}

/** Result of `loadTraining`. */
export interface Training {
  readonly data: { readonly train: Split; readonly evaluate?: Split; readonly test?: Split };
  readonly metric: SpecMetric;
  readonly inputSize?: InputSize;
  /** The given fields of `fineTune`, without defaults, and without `perLayer`, which is for compression. */
  readonly fineTune: Partial<FineTuneSettings>;
}

/**
 * Reads the training part of a spec: its data, its metric, and `fineTune` if given.
 * @throws SpecError
 */
export function loadTraining(file: string): Training {
  const {
    data,
    metric,
    inputSize,
    fineTune: { perLayer: _perLayer, ...fineTune },
  } = parsedFile(file, TrainingSpec);
  const written = parsedFile(file, z.object({ fineTune: z.record(z.string(), z.unknown()).default({}) }));
  const { train, evaluate, test } = data;
  return {
    data: {
      train: resolved(train, file),
      ...(evaluate && { evaluate: resolved(evaluate, file) }),
      ...(test && { test: resolved(test, file) }),
    },
    metric: resolvedMetric(metric, file),
    inputSize,
    // Training between compressed layers is not a setting of a training.
    fineTune: Object.fromEntries(
      Object.entries(fineTune).filter(([name]) => name in written.fineTune && name !== 'perLayer'),
    ),
  };
}

/** Result of `loadLook`. */
export interface Look {
  readonly model?: string;
  readonly data: Readonly<Partial<Record<'train' | 'evaluate' | 'test', Split>>>;
  readonly metric: SpecMetric;
  readonly inputSize?: InputSize;
}

/**
 * Reads what data a spec has, and for which model, if it names one.
 * @throws SpecError
 */
export function loadLook(file: string): Look {
  const { model, data, metric, inputSize } = parsedFile(file, LookSpec);
  const { train, evaluate, test } = data;
  return {
    ...(model !== undefined && { model: resolvedPath(dirname(resolve(file)), model) }),
    data: {
      ...(train && { train: resolved(train, file) }),
      ...(evaluate && { evaluate: resolved(evaluate, file) }),
      ...(test && { test: resolved(test, file) }),
    },
    metric: resolvedMetric(metric, file),
    inputSize,
  };
}

/** Longest spec that is read, in bytes. */
const mostBytes = 2 ** 24;

function readText(file: string): string {
  try {
    return readRegularSync(file, mostBytes).toString('utf8');
  } catch (error) {
    throw new SpecError(`cannot read spec ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Parses the text of a spec, YAML or JSON (which is YAML too). Messages use `name`.
 * @throws SpecError
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { parseSpec, SpecError } from 'slimflow';
 *
 * try {
 *   console.log(parseSpec(readFileSync('job.yaml', 'utf8')).target);
 * } catch (error) {
 *   if (error instanceof SpecError) console.log(error.message); // names the field, and what is expected
 * }
 * ```
 */
export const parseSpec = (text: string, name = 'spec'): CompressionSpec =>
  checked(valueOf(text, name), name, CompressionSpec);

/** Reads a spec, and the files that are settings. @throws SpecError */
const parsedFile = <Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> =>
  checked(withLossGraph(valueOf(readText(file), file), file), file, schema);

function checked<Schema extends z.ZodType>(value: unknown, name: string, schema: Schema): z.output<Schema> {
  const { success, data, error: problem } = schema.safeParse(value, { reportInput: true });
  if (!success)
    throw new SpecError(
      problem.issues.map((issue) => `spec ${name}: ${issueText(issue, 'the document', schema)}`).join('\n'),
    );
  return data;
}

/**
 * Reads YAML or JSON.
 * @throws SpecError; aliases that multiply without end, or that name nothing, are found only when they are resolved
 */
function valueOf(text: string, name: string): unknown {
  const unreadable = (error: Error) =>
    new SpecError(`spec ${name} is not valid YAML or JSON: ${plain(error.message)}`, {
      cause: error,
    });
  // The parser recurses, and V8 ends the process if it compiles a regular expression on a stack that is almost full.
  if (depthOf(text) > mostDepth) throw unreadable(new Error('it is nested too deeply'));
  try {
    const document = parseDocument(text, { merge: true, prettyErrors: true });
    const [error] = document.errors;
    if (error) throw unreadable(error);
    return document.toJS() as unknown;
  } catch (error) {
    throw error instanceof SpecError ? error : unreadable(error as Error);
  }
}

/** Deepest nesting that is read. */
const mostDepth = 200;

/**
 * Estimates how deeply YAML or JSON is nested, from above: brackets in texts count too, and each column that a line is
 * indented by, or that begins a list in a list (`- - -`).
 */
function depthOf(text: string): number {
  let [deepest, depth] = [0, 0];
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
  }
  for (const [indent] of text.matchAll(/^[ \t?:-]+/gm)) deepest = Math.max(deepest, indent.length / 2);
  return deepest;
}

/** Shortens the parser's message to a line, and puts what it says of itself into words for whoever wrote the file. */
function plain(message: string): string {
  if (/alias count/i.test(message)) return 'its aliases multiply to more than is read';
  return message.split('\n')[0];
}

type Split = CompressionSpec['data']['train'];

/** Resolves the paths of a split relative to the folder of `file`. */
function resolved({ images, labels, classes, inputs, ...rest }: Split, file: string): Split {
  const absolute = (path: string) => resolvedPath(dirname(resolve(file)), path);
  return {
    ...rest,
    images: resolvedImages(images, file, absolute),
    ...(labels !== undefined && { labels: absolute(labels) }),
    ...(classes !== undefined && { classes: typeof classes === 'string' ? absolute(classes) : classes }),
    ...(inputs && {
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, path]) => [name, absolute(path)])),
    }),
  };
}

function resolvedImages(
  images: Split['images'],
  file: string,
  absolute: (path: string) => string,
): Split['images'] {
  if (typeof images === 'string') return absolute(images);
  if ('module' in images)
    return { ...images, module: resolvedModule(images.module, file, 'data: images.module') };
  return images.map(absolute);
}
