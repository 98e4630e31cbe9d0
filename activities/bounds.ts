import { type Details, mostDetails } from '../engine/data/judge';
import { visible } from '../engine/visible';

/** Activities' results go into Temporal's history, so lists of unknown length are cut to a bounded one. */

const noteLimit = { count: 30, length: 400 };
const pageBytes = 64 * 1024;

/** Keeps at most 30 sentences of at most 400 characters each; if there are more, the last one says how many. */
export function boundedNotes(notes: readonly string[]): string[] {
  const { count, length } = noteLimit;
  const cut = notes
    .map(visible)
    .map((note) => (note.length > length ? `${note.slice(0, length - 1)}…` : note));
  if (cut.length <= count) return cut;
  return [...cut.slice(0, count - 1), `and ${cut.length - count + 1} more notes`];
}

/** Takes the first of `names`: at most `most` and at most 64 kB of them, but at least one if there is any. */
export function pageOf(names: readonly string[], most: number): string[] {
  const page: string[] = [];
  let bytes = 0;
  for (const name of names.slice(0, most)) {
    bytes += Buffer.byteLength(JSON.stringify(name));
    if (page.length && bytes > pageBytes) break;
    page.push(name);
  }
  return page;
}

/** Takes at most `most` items, evenly spaced, including the first and the last. */
export function thinned<T>(items: readonly T[], most = 500): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => items[Math.round(i * step)]);
}

/**
 * Shortens the lists in a metric's details, such as one entry for each of a thousand classes, until they fit into a message
 * beside those of other models; `shortened` then says so. Numbers keep four decimals.
 */
export function boundedDetails(details: Details): Details {
  const cutTo = (most: number) =>
    JSON.stringify(details, (_name, value: unknown) => {
      if (typeof value === 'number') return Number(value.toFixed(4));
      return Array.isArray(value) ? value.slice(0, most) : value;
    });
  const whole = cutTo(Infinity);
  if (whole.length <= mostDetails) return JSON.parse(whole) as Details;
  for (let most = 512; most >= 1; most = Math.floor(most / 2)) {
    const text = cutTo(most);
    if (text.length <= mostDetails) return { ...(JSON.parse(text) as Details), shortened: true };
  }
  return { shortened: true };
}
