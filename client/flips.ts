import type { Predictions } from '../engine/jobs/types';

/** Kinds of changed predictions, the worst first. */
export const flipKinds = ['lost', 'gained', 'changed'] as const;
/** `lost`: only the original is right; `gained`: only the selected model is; `changed`: both are wrong, differently. */
export type FlipKind = (typeof flipKinds)[number];

/** A sample that two models take for different classes. */
export interface Flip {
  readonly row: number;
  readonly label: number;
  readonly kind: FlipKind;
  /** Class that the original predicts, and its share by softmax, 0 … 1. */
  readonly before: number;
  readonly surenessBefore: number;
  readonly after: number;
  readonly surenessAfter: number;
}

/**
 * Lists the samples that two models take for different classes: lost ones first, and of a kind first those of which the
 * models are most sure, since they tell the most.
 */
export function flipsOf({ rows, labels, models: [original, small] }: Predictions): Flip[] {
  const flips = rows.flatMap((row, at): Flip[] => {
    const [label, before, after] = [labels[at], original.classes[at], small.classes[at]];
    if (before === after) return [];
    const kind = before === label ? 'lost' : after === label ? 'gained' : 'changed';
    const [surenessBefore, surenessAfter] = [original.sureness[at], small.sureness[at]];
    return [{ row, label, kind, before, surenessBefore, after, surenessAfter }];
  });
  const sureness = ({ surenessBefore, surenessAfter }: Flip) => surenessBefore + surenessAfter;
  return flips.toSorted(
    (one, other) =>
      flipKinds.indexOf(one.kind) - flipKinds.indexOf(other.kind) || sureness(other) - sureness(one),
  );
}
