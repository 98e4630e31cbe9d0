import type { ComparedPredictions } from '../../client/predictions';

/** A picture of one grey pixel. */
const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** Predictions for samples whose labels are the classes in turn; a wrong one is the next class. */
export function predictionsOf({
  samples,
  classes,
  wrongBefore,
  wrongAfter,
}: {
  readonly samples: number;
  readonly classes: number;
  /** Rows that the original, or the selected model, takes for the wrong class. */
  readonly wrongBefore: readonly number[];
  readonly wrongAfter: readonly number[];
}): ComparedPredictions {
  const rows = Array.from({ length: samples }, (_, row) => row);
  const model = (wrong: readonly number[]) => ({
    classes: rows.map((row) => (row + Number(wrong.includes(row))) % classes),
    sureness: rows.map((row) => 1 - row / (2 * samples)),
  });
  return {
    rows,
    of: samples,
    labels: rows.map((row) => row % classes),
    models: [model(wrongBefore), model(wrongAfter)],
    pictures: Object.fromEntries(rows.map((row) => [row, picture])),
  };
}
