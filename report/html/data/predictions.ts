import { type Flip, flipsOf } from '../../../client/flips';
import { mostPictures } from '../../../client/predictions';
import type { RunSources } from '../../../client/run-sources';
import type { Predictions } from '../../../engine/jobs/types';

/** A class of the labels, and how the models do on its samples. */
export interface ClassRow {
  readonly label: number;
  readonly samples: number;
  /** Samples that are right. */
  readonly before: number;
  readonly after: number;
  readonly lost: number;
  readonly gained: number;
  /** True if the class lost much more than the others: more than chance explains. */
  readonly isCalledOut: boolean;
}

/** How often samples of a class are taken for another, or for it. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly before: number;
  readonly after: number;
}

/** A changed prediction with its picture, if there is one: a data URI. */
export type ShownFlip = Flip & { readonly picture?: string };

/** Changes of predictions from the original to the selected model. */
export interface PredictionChanges {
  readonly samples: number;
  /** Samples of the whole split. */
  readonly of: number;
  /** Samples that are right. */
  readonly before: number;
  readonly after: number;
  readonly lost: number;
  readonly gained: number;
  readonly changed: number;
  readonly classes: readonly ClassRow[];
  /** Every class by every class if they are few; otherwise only the mistakes that are made most. */
  readonly confusions: readonly Confusion[];
  /** Classes of a whole matrix; left out if `confusions` lists single mistakes. */
  readonly matrix?: readonly number[];
  /** The first of the flips. */
  readonly flips: readonly ShownFlip[];
  readonly allFlips: number;
}

/** Most classes of a matrix, and most mistakes that are listed if there are more. */
const [mostClasses, mostMistakes] = [20, 30] as const;
/** Chance that any class is called out although all lose alike. */
const falseAlarms = 0.05;

/** Summarizes how predictions changed; undefined if they were not compared. */
export function predictionChangesOf({
  predictions,
}: Pick<RunSources, 'predictions'>): PredictionChanges | undefined {
  if (!predictions?.rows.length) return undefined;
  const { rows, of, labels, models, pictures } = predictions;
  const [original, small] = models.map(({ classes }) => classes);
  const flips = flipsOf(predictions);
  const right = (classes: readonly number[]) => labels.filter((label, at) => classes[at] === label).length;
  const kind = (name: Flip['kind']) => flips.filter((flip) => flip.kind === name).length;
  const names = [...new Set([...labels, ...original, ...small])].toSorted((one, other) => one - other);
  const confusions = confusionsOf(predictions);
  const isWhole = names.length <= mostClasses;
  const mistakes = confusions.filter(({ label, predicted }) => label !== predicted);
  return {
    samples: rows.length,
    of,
    before: right(original),
    after: right(small),
    lost: kind('lost'),
    gained: kind('gained'),
    changed: kind('changed'),
    classes: classesOf(predictions),
    ...(isWhole && { matrix: names }),
    confusions: isWhole
      ? confusions
      : mistakes.toSorted((one, other) => other.after - one.after).slice(0, mostMistakes),
    flips: flips.slice(0, mostPictures).map((flip) => ({ ...flip, picture: pictures[flip.row] })),
    allFlips: flips.length,
  };
}

function confusionsOf({ labels, models: [original, small] }: Predictions): Confusion[] {
  const found = new Map<string, { label: number; predicted: number; before: number; after: number }>();
  const count = (label: number, predicted: number, side: 'before' | 'after') => {
    const key = `${label} ${predicted}`;
    const entry = found.get(key) ?? { label, predicted, before: 0, after: 0 };
    entry[side]++;
    found.set(key, entry);
  };
  labels.forEach((label, at) => {
    count(label, original.classes[at], 'before');
    count(label, small.classes[at], 'after');
  });
  return [...found.values()];
}

/**
 * Counts by class. A class is called out if it lost more, net too, than chance explains if all classes
 * lost the same share: by the Chernoff bound of a binomial distribution, which holds for a few samples as well, for all
 * classes together.
 */
function classesOf({ labels, models: [original, small] }: Predictions): ClassRow[] {
  const counts = new Map<
    number,
    { samples: number; before: number; after: number; lost: number; gained: number }
  >();
  labels.forEach((label, at) => {
    const own = counts.get(label) ?? { samples: 0, before: 0, after: 0, lost: 0, gained: 0 };
    const [was, is] = [original.classes[at] === label, small.classes[at] === label];
    own.samples++;
    own.before += Number(was);
    own.after += Number(is);
    own.lost += Number(was && !is);
    own.gained += Number(!was && is);
    counts.set(label, own);
  });
  const losses = [...counts.values()].reduce((sum, { lost }) => sum + lost, 0) / labels.length;
  const gains = [...counts.values()].reduce((sum, { gained }) => sum + gained, 0) / labels.length;
  const needed = Math.log(counts.size / falseAlarms);
  return [...counts]
    .toSorted(([one], [other]) => one - other)
    .map(([label, own]) => ({
      label,
      ...own,
      isCalledOut:
        (own.lost - own.gained) / own.samples > losses - gains &&
        own.lost / own.samples > losses &&
        own.samples * divergence(own.lost / own.samples, losses) > needed,
    }));
}

/** Kullback-Leibler divergence of two coins, in nats. */
function divergence(share: number, other: number): number {
  const term = (one: number, two: number) => (one > 0 ? one * Math.log(one / two) : 0);
  return term(share, other) + term(1 - share, 1 - other);
}
