import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The package's root; benchmarks run from dist/bench. */
export const root = resolve(__dirname, '..', '..');

/**
 * Puts `text` between `<!-- results -->` and `<!-- end of results -->` of a page of docs/.
 * @throws Error if the page has no such marks
 */
export function writeResults(page: string, text: string): void {
  const path = join(root, 'docs', page);
  const before = readFileSync(path, 'utf8');
  const marks = /<!-- results -->[^]*<!-- end of results -->/;
  if (!marks.test(before)) throw new Error(`${path} has no place marked for results`);
  writeFileSync(
    path,
    before.replace(marks, () => `<!-- results -->\n\n${text}\n\n<!-- end of results -->`),
  );
}
