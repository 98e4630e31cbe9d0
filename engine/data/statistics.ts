import { sizeOf } from '../tensor/tensor';
import type { Dataset } from './dataset';

/** Figures of a split: its size, the numbers that a model is fed, and its labels. */
export interface SplitStatistics {
  readonly samples: number;
  /** [C, H, W] of an image, as the model is fed it. */
  readonly shape: readonly number[];
  /** Number of samples that the figures of values are computed over: all, or some drawn at random. */
  readonly measured: number;
  /** Least and greatest value. */
  readonly range: readonly [least: number, greatest: number];
  /** Mean and standard deviation of each channel (of all values, if samples are not images). */
  readonly channels: readonly { readonly mean: number; readonly std: number }[];
  readonly labels?: LabelStatistics;
}

/** Figures of all labels of a split. */
export interface LabelStatistics {
  /** Shape of a sample's labels: [] if one per sample. */
  readonly shape: readonly number[];
  readonly least: number;
  readonly greatest: number;
  /** Number of labels by class, ascending; left out if labels are not whole numbers, or there are more than 10,000. */
  readonly perClass?: readonly (readonly [label: number, count: number])[];
}

/** Most channels whose figures are kept apart. */
const mostChannels = 64;
/** Samples read at a time. */
const batch = 16;

/** Computes the figures of a split, those of values over at most `most` samples drawn by a seed. */
export function statisticsOf(data: Dataset, most: number, seed = 0): SplitStatistics {
  const measured = Math.min(most, data.length);
  const [first, ...plane] = data.shape;
  const channels = data.shape.length === 3 && first <= mostChannels ? first : 1;
  const inner = channels > 1 ? sizeOf(plane) : sizeOf(data.shape);
  const sums = Array.from({ length: channels }, () => ({ sum: 0, squares: 0 }));
  let [least, greatest] = [Infinity, -Infinity];
  for (const { images } of data.sampled(measured, seed, batch))
    for (let at = 0; at < images.length; at++) {
      const value = images[at];
      const own = sums[Math.floor(at / inner) % channels];
      own.sum += value;
      own.squares += value * value;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  return {
    samples: data.length,
    shape: data.shape,
    measured,
    range: [least, greatest],
    channels: sums.map(({ sum, squares }) => {
      const count = measured * inner;
      const mean = sum / count;
      return { mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
    }),
    ...(data.labelled && { labels: labelsOf(data) }),
  };
}

/** Most classes that are counted. */
const mostClasses = 10_000;

function labelsOf(data: Dataset): LabelStatistics {
  let [least, greatest] = [Infinity, -Infinity];
  let counts: Map<number, number> | undefined = new Map();
  for (const labels of data.eachLabels())
    for (const label of labels) {
      if (Number.isNaN(label)) continue;
      if (label < least) least = label;
      if (label > greatest) greatest = label;
      counts?.set(label, (counts.get(label) ?? 0) + 1);
      if (counts && (!Number.isInteger(label) || counts.size > mostClasses)) counts = undefined;
    }
  return {
    shape: data.labelShape,
    least,
    greatest,
    ...(counts && { perClass: [...counts].sort(([a], [b]) => a - b) }),
  };
}
