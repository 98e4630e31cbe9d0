/**
 * Matches what a terminal, a browser or a reader takes for something else than a character: controls (which move the
 * cursor, set a window's title, end a line), marks that turn the direction of the text that follows, and characters
 * without a width.
 */
const unseen =
  /[\p{Cc}\p{Surrogate}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Writes the UTF-16 code units of a character as escapes, which JSON and JavaScript read as that character. */
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');

/**
 * Shows a name or a note that somebody else has written: characters that are not seen as what they are become escapes,
 * such as `\u001b`. The text is one line afterwards.
 */
export const visible = (text: string): string => text.replace(unseen, escaped);

/** Does as `visible`, and keeps the ends of lines, and tabs. */
export const visibleLines = (text: string): string =>
  text.replace(unseen, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
