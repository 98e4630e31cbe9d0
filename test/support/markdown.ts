import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A page without its blocks of code, in which `#` and `[…](…)` are no Markdown. */
const prose = (text: string) => text.replace(/^```[^]*?^```/gm, '');

/** Links and images of a page: `[text](target)`, `![text](target)`. */
export const targets = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);

/** The anchors of a page's headings, as GitHub makes them. */
const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links of a page to files and headings that are not there. */
export function deadLinks(root: string, page: string): string[] {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  return targets(read(page))
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchors(read(file)).includes(anchor);
    });
}

/** The blocks of a language in a page, each with the line on which it begins. */
export const codeBlocks = (text: string, language: string): { line: number; code: string }[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(({ 1: code, index }) => ({
    line: text.slice(0, index).split('\n').length,
    code,
  }));
