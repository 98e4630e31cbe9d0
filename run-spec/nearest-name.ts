/**
 * Counts the edits that turn one word into another: characters added, left out, replaced, or swapped with their neighbour
 * (Damerau's distance, each pair swapped once).
 */
function edits(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  rows[0] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  return rows[a.length][b.length];
}

/** Longest word that is compared: names are shorter. */
const longest = 60;

/** Returns the name that a word is most likely a misspelling of; undefined if none is near. */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  if (word.length > longest) return undefined;
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    // Known elsewhere, but not here.
    if (name === word) return undefined;
    const distance = edits(plain(word), plain(name));
    if (distance <= Math.max(1, Math.floor(name.length / 3)) && (!best || distance < best.distance))
      best = { name, distance };
  }
  return best?.name;
}
