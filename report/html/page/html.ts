import { visible } from '../../../engine/visible';

/** Text that is HTML already. Only `markup` and drawings make it; everything else is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** A value in a template: HTML, text to escape, a number, a list of them, or nothing. */
export type Content = Html | string | number | false | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes a text for HTML, in elements and in quoted attributes; characters that are not seen as what they are, too. */
export const escaped = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => entities[character]);

/** Escapes a text of several lines, which keeps its lines. */
export const escapedLines = (text: string): Html => new Html(text.split('\n').map(escaped).join('\n'));

/**
 * Makes HTML of a template; its values are escaped unless they are HTML. The template's own line breaks go, as
 * does its indentation. The tag is not called `html`, which formatters take for their own.
 */
export const markup = (strings: TemplateStringsArray, ...values: readonly Content[]): Html =>
  new Html(
    strings.map((text, at) => unbroken(text) + (at < values.length ? plain(values[at]) : '')).join(''),
  );

/** Removes line breaks with their indentation next to tags; between words they become a space. */
const unbroken = (text: string): string =>
  text.replace(/\s*\n\s*/g, (gap, at: number) =>
    text[at - 1] === '>' || ['<', '>'].includes(text[at + gap.length]) ? '' : ' ',
  );

function plain(value: Content): string {
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  if (!value) return '';
  return value instanceof Html ? value.text : value.map(plain).join('');
}
