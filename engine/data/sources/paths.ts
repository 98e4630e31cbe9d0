import { type Dirent, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, parse } from 'node:path';

import { EngineError } from '../../errors';

/** Most paths that braces may stand for. */
const mostPaths = 1e6;

/**
 * Lists the files and folders that a path, or a pattern, names: `*` and `?` for any characters of a name, `{a,b}` for
 * either, `{000..127}` for a range of numbers. What `*` finds is sorted by name.
 * @throws EngineError `InvalidData` if a pattern finds nothing
 */
export function expanded(paths: string | readonly string[]): string[] {
  const named = typeof paths === 'string' ? [paths] : paths;
  return named.flatMap((path) =>
    braces(path).flatMap((one) => {
      if (!/[*?]/.test(one)) return [one];
      const found = matching(one);
      if (!found.length) throw new EngineError('InvalidData', `no file matches ${path}`);
      return found;
    }),
  );
}

/**
 * Lists the paths that one with braces stands for; itself if it has none.
 * @throws EngineError `InvalidData` for a range that descends, or for too many
 */
export function braces(path: string): string[] {
  const [whole, before, inside, after] = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(path) ?? [];
  if (whole === undefined) return [path];
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  if (!range && !inside.includes(',')) return braces(after).map((rest) => `${before}{${inside}}${rest}`);
  const choices = range ? numbersOf(path, range[1], range[2]) : inside.split(',');
  const rests = braces(after);
  if (choices.length * rests.length > mostPaths)
    throw new EngineError('InvalidData', `${path} stands for more than ${mostPaths} files`);
  return choices.flatMap((choice) => rests.map((rest) => `${before}${choice}${rest}`));
}

/** Lists the numbers from `first` to `last`, written as wide as `first` is. */
function numbersOf(path: string, first: string, last: string): string[] {
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > mostPaths)
    throw new EngineError('InvalidData', `${path} has the range ${first}..${last}, which must ascend`);
  return Array.from({ length: count }, (_, at) => String(Number(first) + at).padStart(first.length, '0'));
}

/** Lists what matches a pattern, folder by folder. */
function matching(pattern: string): string[] {
  const { root } = parse(pattern);
  const start = isAbsolute(pattern) ? root : '.';
  return pattern
    .slice(root.length)
    .split(/[\\/]+/)
    .filter((part) => part)
    .reduce<string[]>(
      (found, part) => {
        if (!/[*?]/.test(part)) return found.map((folder) => join(folder, part));
        const source = part
          .replace(/[.+^${}()|[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.');
        const name = new RegExp(`^${source}$`, 's');
        return found.flatMap((folder) =>
          entriesOf(folder)
            .filter((entry) => name.test(entry) && (!entry.startsWith('.') || part.startsWith('.')))
            .sort()
            .map((entry) => join(folder, entry)),
        );
      },
      [start],
    );
}

/** Lists a folder's names; none if it can't be read, or is not a folder. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).map(({ name }: Dirent) => name);
  } catch {
    return [];
  }
}

/** Files looked at together. */
const atOnce = 256;

/**
 * Describes files as they are now, each by its path, size and time of its last change.
 * @returns undefined for each that is not there
 */
export async function statesOf(paths: readonly string[]): Promise<(string | undefined)[]> {
  const states: (string | undefined)[] = [];
  for (let at = 0; at < paths.length; at += atOnce)
    states.push(...(await Promise.all(paths.slice(at, at + atOnce).map(stateOf))));
  return states;
}

async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    return JSON.stringify([path, String(size), String(mtimeNs)]);
  } catch {
    return undefined;
  }
}
