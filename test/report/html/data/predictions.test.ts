import { predictionChangesOf } from '../../../../report/html/data/predictions';
import { predictionsOf } from '../../../support/predictions';

it('counts what was lost and gained, and shows the lost ones first', () => {
  // Labels 0 … 4 in turn; the original is right, but for row 7; the small model loses rows 1 and 6 and gains row 7.
  const changes = predictionChangesOf({
    predictions: predictionsOf({ samples: 10, classes: 5, wrongBefore: [7], wrongAfter: [1, 6] }),
  })!;
  expect(changes).toMatchObject({ samples: 10, before: 9, after: 8, lost: 2, gained: 1, changed: 0 });
  expect(changes.flips.map(({ row, kind }) => [row, kind])).toEqual([
    [1, 'lost'],
    [6, 'lost'],
    [7, 'gained'],
  ]);
  expect(changes.flips[0].picture).toMatch(/^data:image/);
  expect(changes.matrix).toEqual([0, 1, 2, 3, 4]);
  expect(changes.confusions).toContainEqual({ label: 1, predicted: 2, before: 0, after: 2 });
  expect(changes.classes.map(({ before, after }) => [before, after])).toEqual([
    [2, 2],
    [2, 0],
    [1, 2],
    [2, 2],
    [2, 2],
  ]);
});

it('calls out a class that lost much more than the others, and none if all lose alike', () => {
  const calledOut = (wrongAfter: readonly number[]) =>
    predictionChangesOf({
      predictions: predictionsOf({ samples: 1000, classes: 10, wrongBefore: [], wrongAfter }),
    })!
      .classes.filter(({ isCalledOut }) => isCalledOut)
      .map(({ label }) => label);
  const rows = (label: number, count: number) => Array.from({ length: count }, (_, at) => label + 10 * at);
  const alike = Array.from({ length: 10 }, (_, label) => rows(label, 3)).flat();
  expect(calledOut(alike)).toEqual([]);
  expect(calledOut([...alike, ...rows(4, 20)])).toEqual([4]);
  // Two of a hundred samples are nothing, although no other class lost any.
  expect(calledOut(rows(4, 2))).toEqual([]);
});

it('lists single mistakes if there are too many classes for a matrix', () => {
  const changes = predictionChangesOf({
    predictions: predictionsOf({ samples: 100, classes: 50, wrongBefore: [], wrongAfter: [3, 53, 4] }),
  })!;
  expect(changes.matrix).toBeUndefined();
  expect(changes.confusions[0]).toEqual({ label: 3, predicted: 4, before: 0, after: 2 });
});

it('is left out if predictions were not compared', () =>
  expect(predictionChangesOf({ predictions: undefined })).toBeUndefined());
