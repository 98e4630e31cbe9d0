import { Argument, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';

import { type InputSize, type Technique, techniques } from '../engine/names';

/** The options of every command about a run. */
export interface RunFlags {
  readonly state: string;
  readonly json?: boolean;
}

/** The options of commands that also need the artifacts. */
export interface StoreFlags extends RunFlags {
  readonly store?: string;
}

/** `--state`: the folder with the embedded server's history, and with the store unless `--store` names another. */
export const stateOption = [
  '--state <folder>',
  'folder of the Temporal history and the artifact store',
  process.env.SLIMFLOW_STATE ?? '.slimflow',
] as const;

export const storeOption = (): Option =>
  new Option('--store <where>', 'artifact store: a folder or s3://BUCKET/PREFIX (default: STATE/store)').env(
    'SLIMFLOW_STORE',
  );

export const jsonOption = (what = 'print JSON'): Option => new Option('--json', what);

/** The argument that names a run. */
export const runArgument = (): Argument =>
  new Argument('[id]', 'run id, or part of one; optional if only one run is running, or only one exists');

/** The argument that names one or several runs. */
export const runsArgument = (): Argument =>
  new Argument(
    '[ids...]',
    'run ids, or parts of them; optional if only one run is running, or only one exists',
  );

/** The location of the artifact store. */
export const storeLocation = ({ state, store }: StoreFlags): string => store ?? join(state, 'store');

/** Returns a parser for numbers from `least` to `most`. */
export const numberInRange =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most)
      throw new InvalidArgumentError(
        `Must be a number${most < Infinity ? ` from ${least} to ${most}` : `, ${least} or more`}.`,
      );
    return value;
  };

/** `--samples`, of commands that compare predictions. */
export const samplesOption = (): Option =>
  new Option(
    '--samples <n>',
    'samples whose predictions are compared, 0 for none (default: as many as a few minutes allow)',
  ).argParser(numberInRange(0));

/** Parses a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Must be a number above 0.');
  return value;
}

/** Parses a positive integer, or the word `auto`. */
export const integerOrAuto = (text: string): number | 'auto' =>
  text === 'auto' ? text : positiveInteger(text);

/** Parses a whole number above 0. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Must be a whole number, 1 or more.');
  return value;
}

/** Parses a size: of the image input, or of an input by its name, added to those before. */
export function inputSize(text: string, before?: InputSize): InputSize {
  const at = text.lastIndexOf('=');
  const size = text
    .slice(at + 1)
    .split(/[x,]/)
    .map(positiveInteger);
  if (at < 0 ? before === undefined : !Array.isArray(before))
    return at < 0 ? size : { ...(before as Record<string, readonly number[]>), [text.slice(0, at)]: size };
  throw new InvalidArgumentError(
    'Give one size, of the image input, or sizes by name: --input-size image=1x3x224x224 --input-size state=2x1x128.',
  );
}

/** `--input-size`, of every command that opens a model. */
export const inputSizeOption = (): Option =>
  new Option(
    '--input-size <[name=]1x3x224x224>',
    'size of an input that the model leaves open: of the image input, or by name, once for each',
  ).argParser(inputSize);

/** Parses a share of the original: above 0 and below 1. */
export function ratio(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('Must be between 0 and 1 (exclusive).');
  return value;
}

/** Parses names separated by commas. */
export function names(text: string): string[] {
  const all = text.split(',').map((name) => name.trim());
  if (all.some((name) => !name))
    throw new InvalidArgumentError('Must be names separated by commas, none of them empty.');
  return all;
}

/** Returns a parser for values separated by commas, each parsed by `parse`. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string): T[] =>
    names(text).map(parse);

/** Parses a candidate to add: `TECHNIQUE=RATIO` of the original, or `TECHNIQUE=RATIO@CANDIDATE`. */
export function addedCandidate(text: string): {
  technique: Technique;
  asked: number;
  parent: string | null;
} {
  const [, name, share, parent] = /^([\w-]+)=([\d.]+)(?:@(.+))?$/.exec(text) ?? [];
  const technique = techniques.find((one) => one === name);
  const asked = Number(share);
  if (!technique || !(asked > 0 && asked < 1))
    throw new InvalidArgumentError(
      `Must be TECHNIQUE=RATIO or TECHNIQUE=RATIO@CANDIDATE; techniques: ${techniques.join(', ')}; RATIO between 0 and 1.`,
    );
  return { technique, asked, parent: parent ?? null };
}

/** Returns a parser that collects the values of an option given several times. */
export const repeatable =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): T[] => [...before, parse(text)];
