import { resolve } from 'node:path';

import { EngineError } from '../../errors';
import { readRegularSync } from '../../regular-file';
import type { LabelledFile, Listing } from './labelled-files';

/**
 * Reads the classes that a file lists, one per line, in the order of their numbers.
 * @throws EngineError `InvalidData` if the file cannot be read, is empty, or lists a class twice
 */
export function classesIn(file: string): string[] {
  const classes = linesOf(file, 'list of classes').map(({ text }) => text.trim());
  const seen = new Set<string>();
  const twice = classes.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined)
    throw new EngineError('InvalidData', `${file} lists class ${twice} twice: remove one`);
  if (!classes.length) throw new EngineError('InvalidData', `${file} is empty: list one class per line`);
  return classes;
}

/** Longest list that is read, in bytes. */
const mostBytes = 2 ** 29;

/** First cells that mark a line as headings. */
const headings = ['file', 'filename', 'file_name', 'image', 'image_path', 'path'];

/**
 * Reads the images that a CSV file lists as `file,label`, in its order; further columns and a line of headings are
 * skipped. A label is the name of a class or, if all labels are whole numbers, its number.
 * @param folder folder that file names are relative to
 * @param classes order of the classes; by name if left out
 * @param labels `optional` also takes a list of files without any labels
 * @throws EngineError `InvalidData` that names the line
 */
export function listedImages(
  file: string,
  folder: string,
  classes?: readonly string[],
  labels: 'required' | 'optional' = 'required',
): Listing {
  const lines = linesOf(file, 'list of images').map(({ text, line }) => {
    const [path, label] = cellsOf(text);
    return { path, label, line, text };
  });
  if (headings.includes(lines[0]?.path?.toLowerCase())) lines.shift();
  if (labels === 'optional' && lines.length && lines.every(({ path, label }) => path && !label))
    return { files: lines.map(({ path }) => ({ path: resolve(folder, path) })), passedBy: {} };
  const rows = lines.map(({ path, label, line, text }) => {
    if (!path || !label)
      throw new EngineError('InvalidData', `${file} line ${line}: expected file,label, not \`${text}\``);
    return { path, label, line };
  });
  if (!rows.length) throw new EngineError('InvalidData', `${file} lists no images`);
  const numbered = rows.every(({ label }) => /^\d{1,9}$/.test(label)) && !classes?.includes(rows[0].label);
  const known = classes ?? namesOf(rows, numbered);
  const numbers = new Map(known.map((name, number) => [name, number]));
  const files = rows.map(({ path, label: text, line }): LabelledFile => {
    const label = numbered ? Number(text) : numbers.get(text);
    if (label === undefined || label >= known.length)
      throw new EngineError('InvalidData', `${file} line ${line}: ${text} is not in the list of classes`);
    return { path: resolve(folder, path), label };
  });
  return { files, classes: known, passedBy: {} };
}

/** Lists the classes that labels name, sorted by name; if labels are numbers, all classes up to the largest. */
function namesOf(rows: readonly { label: string }[], numbered: boolean): string[] {
  if (!numbered) return [...new Set(rows.map(({ label }) => label))].sort();
  const most = rows.reduce((greatest, { label }) => Math.max(greatest, Number(label)), 0);
  if (most >= 1e6)
    throw new EngineError('InvalidData', `label ${most} is not a class number: use whole numbers from 0`);
  return Array.from({ length: most + 1 }, (_, number) => String(number));
}

/** Splits a line into cells at commas; a cell that holds one is quoted, and `""` in quotes is a quote. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
  );

/** Reads the lines of a text file that are not empty, with their numbers from 1. */
function linesOf(file: string, what: string): { text: string; line: number }[] {
  let text: string;
  try {
    text = readRegularSync(file, mostBytes)
      .toString('utf8')
      .replace(/^\ufeff/, '');
  } catch (error) {
    throw new EngineError('InvalidData', `the ${what} ${file} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return text
    .split(/\r?\n/)
    .map((text, at) => ({ text, line: at + 1 }))
    .filter(({ text }) => text.trim());
}
