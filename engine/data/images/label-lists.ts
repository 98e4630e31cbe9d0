import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { EngineError } from '../../errors';
import type { LabelledFile, Listing } from './labelled-files';

/**
 * The classes that a file lists, one a line, in the order of their numbers.
 * @throws EngineError `InvalidData` where it can't be read, is empty, or names one twice
 */
export function classesIn(file: string): string[] {
  const classes = linesOf(file, 'list of classes').map(({ text }) => text.trim());
  const twice = classes.find((name, at) => classes.indexOf(name) !== at);
  if (twice !== undefined) throw new EngineError('InvalidData', `${file} lists the class ${twice} twice`);
  if (!classes.length) throw new EngineError('InvalidData', `${file} lists no class`);
  return classes;
}

/** What the first cell of a heading may be. */
const headings = ['file', 'filename', 'file_name', 'image', 'image_path', 'path'];

/**
 * The images that a CSV file lists as `file,label`, in its order; further columns are passed by, a line of headings too.
 * A label is the name of a class or, where all of them are whole numbers, its number.
 * @param folder where the files lie
 * @param classes the order of the classes; when left out that of their names
 * @throws EngineError `InvalidData` which names the line
 */
export function listedImages(file: string, folder: string, classes?: readonly string[]): Listing {
  const rows = linesOf(file, 'list of images').map(({ text, line }) => {
    const [path, label] = cellsOf(text);
    if (!path || !label)
      throw new EngineError('InvalidData', `${file} line ${line}: \`${text}\` is not file,label`);
    return { path, label, line };
  });
  if (headings.includes(rows[0]?.path.toLowerCase())) rows.shift();
  if (!rows.length) throw new EngineError('InvalidData', `${file} lists no image`);
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

/** The classes that labels name, in the order of their names; numbers stand for all classes up to the greatest. */
function namesOf(rows: readonly { label: string }[], numbered: boolean): string[] {
  if (!numbered) return [...new Set(rows.map(({ label }) => label))].sort();
  const most = rows.reduce((greatest, { label }) => Math.max(greatest, Number(label)), 0);
  if (most >= 1e6)
    throw new EngineError('InvalidData', `the label ${most} is no number of a class: they count from 0`);
  return Array.from({ length: most + 1 }, (_, number) => String(number));
}

/** The cells of a line: separated by commas, and in quotes where they hold one; `""` in quotes is a quote. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
  );

/** The lines of a text file that are not empty, with their numbers from 1. */
function linesOf(file: string, what: string): { text: string; line: number }[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
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
