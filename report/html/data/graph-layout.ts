/** A node to be placed: the places of the nodes that it reads, all before its own. */
export interface LayoutNode {
  readonly from: readonly number[];
}

/** Place of a node: rows from the top, columns from the left, both from 0. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** A graph's nodes in rows and columns. */
export interface Layout {
  readonly places: readonly Place[];
  readonly rows: number;
  readonly columns: number;
}

/**
 * Lays a network out from top to bottom: a node is below all that it reads, and in the column of one of those if
 * that is free, so that a chain is a straight line; where branches join, of the one nearest to the trunk. Networks are long and narrow; libraries for graphs of any kind give
 * each edge that passes rows a place in every one of them, which takes half a minute, and thousands of pixels of width,
 * for the 955 edges of a DenseNet-121.
 */
export function layoutOf(nodes: readonly LayoutNode[]): Layout {
  const row: number[] = [];
  nodes.forEach(({ from }, at) => {
    row[at] = from.reduce((deepest, one) => Math.max(deepest, row[one] + 1), 0);
  });
  lowerSources(nodes, row);
  const column: number[] = [];
  const byRow = new Map<number, number[]>();
  row.forEach((one, at) => byRow.set(one, [...(byRow.get(one) ?? []), at]));
  const wanted = (at: number) => {
    const columns = nodes[at].from.map((one) => column[one]);
    return columns.reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best), columns[0] ?? 0);
  };
  for (const one of [...byRow.keys()].sort((a, b) => a - b)) {
    const taken = new Set<number>();
    const inRow = byRow.get(one)!.map((at) => ({ at, want: wanted(at) }));
    for (const { at, want } of inRow.toSorted((a, b) => a.want - b.want)) {
      column[at] = nearestFree(want, taken);
      taken.add(column[at]);
    }
  }
  const least = Math.min(0, ...column);
  return {
    places: nodes.map((_, at) => ({ row: row[at], column: column[at] - least })),
    rows: byRow.size ? Math.max(...byRow.keys()) + 1 : 0,
    columns: nodes.length ? Math.max(...column) - least + 1 : 0,
  };
}

/** Moves nodes that read nothing right above the first that reads them. */
function lowerSources(nodes: readonly LayoutNode[], row: number[]): void {
  const first = new Map<number, number>();
  nodes.forEach(({ from }, at) =>
    from.forEach((one) => first.set(one, Math.min(first.get(one) ?? Infinity, row[at]))),
  );
  nodes.forEach(({ from }, at) => {
    if (!from.length && first.has(at)) row[at] = Math.max(0, first.get(at)! - 1);
  });
}

/** Finds the free column that is nearest to the wanted one; of two, the right one. */
function nearestFree(want: number, taken: ReadonlySet<number>): number {
  for (let away = 0; ; away++) {
    if (!taken.has(want + away)) return want + away;
    if (!taken.has(want - away)) return want - away;
  }
}
