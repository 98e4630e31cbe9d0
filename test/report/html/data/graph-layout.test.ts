import { layoutOf, type LayoutNode } from '../../../../report/html/data/graph-layout';

/** A DenseNet-121: each layer of a block reads all that came before it. */
function denseNet(): LayoutNode[] {
  const nodes: LayoutNode[] = [{ from: [] }];
  const add = (...from: number[]) => nodes.push({ from }) - 1;
  let last = 0;
  for (const layers of [6, 12, 24, 16]) {
    const made = [last];
    for (let layer = 0; layer < layers; layer++) {
      let at = add(...made);
      for (let step = 0; step < 6; step++) at = add(at);
      made.push(at);
    }
    last = add(...made);
  }
  return nodes;
}

it('every node is below what it reads, and has a place of its own', () => {
  const nodes = denseNet();
  const { places, rows, columns } = layoutOf(nodes);
  nodes.forEach(({ from }, at) =>
    from.forEach((one) => expect(places[one].row).toBeLessThan(places[at].row)),
  );
  expect(new Set(places.map(({ row, column }) => `${row} ${column}`)).size).toBe(nodes.length);
  expect([nodes.length, rows, columns]).toEqual([411, 411, 1]);
});

it('branches are beside each other, and join in the column of the trunk', () => {
  // 0 → 1 → 2 → 5, 0 → 3 → 5, 0 → 4 → 5
  const { places } = layoutOf([[], [0], [1], [0], [0], [2, 3, 4]].map((from) => ({ from })));
  expect(places.map(({ row }) => row)).toEqual([0, 1, 2, 1, 1, 3]);
  const columns = places.map(({ column }) => column);
  expect(new Set([columns[1], columns[3], columns[4]]).size).toBe(3);
  expect(columns[5]).toBe(columns[0]);
});

it('a node that reads nothing is above the first that reads it', () => {
  const { places } = layoutOf([[], [0], [1], [], [2, 3]].map((from) => ({ from })));
  expect(places[3].row).toBe(2);
});

it('no nodes have no places', () => expect(layoutOf([])).toEqual({ places: [], rows: 0, columns: 0 }));
