import { type Content, markup, type Html } from './html';

/** A column: its heading, and whether it has numbers, which are right-aligned. */
export interface Column {
  readonly name: string;
  readonly numeric?: boolean;
  /** Shown before the heading. */
  readonly mark?: Html;
}

/** Tables of more rows than this are closed at first if a picture above shows the same. */
const shortTable = 12;

/**
 * Draws a table that scrolls sideways on narrow screens. The first cell of a row is its heading.
 * @param caption for people who can't see where it belongs
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const kind = (at: number) => columns[at]?.numeric && markup` class="n"`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}: table">
    <table>
      <thead>
        <tr>
          ${columns.map(({ name, mark }, at) => markup`<th scope="col" ${kind(at)}>${mark}${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            markup`<tr>
              ${cells.map((cell, at) =>
                at ? markup`<td${kind(at)}>${cell}</td>` : markup`<th scope="row">${cell}</th>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Puts the numbers of a picture beneath it: open if they are few. */
export const numbersOf = (what: string, rows: number, content: Html): Html =>
  markup`<details${rows <= shortTable && markup` open`}><summary>${what} as a table</summary>${content}</details>`;
