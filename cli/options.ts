import { Argument, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';

import { type Technique, techniques } from '../engine/names';

/** What commands that work with runs are told. */
export interface RunFlags {
  readonly state: string;
  readonly json?: boolean;
}

/** And those that need the artifacts. */
export interface StoreFlags extends RunFlags {
  readonly store?: string;
}

/** `--state`, where the embedded server's history lies, and the store unless it is elsewhere. */
export const stateOption = [
  '--state <folder>',
  'folder of the Temporal history, and of the artifact store',
  process.env.SLIMFLOW_STATE ?? '.slimflow',
] as const;

export const storeOption = (): Option =>
  new Option('--store <where>', 'the artifact store, where it is not in the state folder').env(
    'SLIMFLOW_STORE',
  );

export const jsonOption = (what = 'as JSON'): Option => new Option('--json', what);

/** Which run is meant. */
export const runArgument = (): Argument =>
  new Argument(
    '[id]',
    'of the run, or a part of it; may be left out where one run goes on, or only one is there',
  );

/** Where the artifact store is. */
export const storeAt = ({ state, store }: StoreFlags): string => store ?? join(state, 'store');

/** A number within bounds, as an option's parser. */
export const numberFrom =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most)
      throw new InvalidArgumentError(
        `It is no number${most < Infinity ? ` from ${least} to ${most}` : ` of ${least} or more`}.`,
      );
    return value;
  };

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** A whole number above 0. */
export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
}

/** A share of the original: above 0 and below 1. */
export function ratio(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It is no ratio between 0 and 1.');
  return value;
}

/** Texts separated by commas. */
export function names(text: string): string[] {
  const all = text.split(',').map((name) => name.trim());
  if (all.some((name) => !name)) throw new InvalidArgumentError('A name in it is empty.');
  return all;
}

/** Values separated by commas, each read by `read`. */
export const listOf =
  <T>(read: (text: string) => T) =>
  (text: string): T[] =>
    names(text).map(read);

/** Reads a candidate to add: `TECHNIQUE=RATIO`, of the original, or `TECHNIQUE=RATIO@CANDIDATE`. */
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
      `It is not TECHNIQUE=RATIO or TECHNIQUE=RATIO@CANDIDATE, with a technique of ${techniques.join(', ')}.`,
    );
  return { technique, asked, parent: parent ?? null };
}

/** Gathers an option that may be given several times. */
export const gathered =
  <T>(read: (text: string) => T) =>
  (text: string, before: readonly T[] = []): T[] => [...before, read(text)];
