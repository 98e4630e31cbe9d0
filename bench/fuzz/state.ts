import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Totals of all runs of the fuzzer so far. */
export interface State {
  /** Inputs by target. */
  readonly inputs: Record<string, number>;
  /** Whatever targets count, such as reasons of refusals. */
  readonly counts: Record<string, number>;
  /** The seed of each run, and the minutes it took. */
  readonly runs: { seed: number; minutes: number }[];
}

/** Reads the state; an empty one if there is none yet. */
export const readState = (path: string): State =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as State) : { inputs: {}, counts: {}, runs: [] };

/** Writes the state, in one step. */
export function writeState(path: string, state: State): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, JSON.stringify(state, undefined, 2));
  renameSync(`${path}.tmp`, path);
}

/** Adds numbers by name to others. */
export function addTo(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, number] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + number;
}
