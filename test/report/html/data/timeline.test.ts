import { type Bar, lanesOf } from '../../../../report/html/data/timeline';

const bar = (worker: string | undefined, from: number, to: number) => ({ worker, from, to }) as Bar;

it('work that a worker does at the same time has rows of its own', () => {
  const { rows, bars } = lanesOf([
    bar('a', 0, 10),
    bar('b', 1, 3),
    bar('a', 5, 8),
    bar(undefined, 0, 20),
    bar('a', 10, 12),
  ]);
  expect(rows).toEqual(['a', 'a (2)', 'b']);
  expect(bars.map(({ from, row }) => [from, row])).toEqual([
    [0, 0],
    [10, 0],
    [5, 1],
    [1, 2],
  ]);
});
