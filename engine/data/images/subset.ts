import { Random } from '../random';
import type { LabelledFile } from './labelled-files';

/** Which images of a listing are taken, and in which order. */
export interface Subset {
  /** Images of each class, drawn at random, at most. */
  readonly limitPerClass?: number;
  /** Whether the order is drawn at random too, so that any range of rows has all classes. */
  readonly shuffle?: boolean;
  /** What both are drawn by. */
  readonly seed: number;
}

/** The images that `subset` asks for: the same ones from the same seed. Drawn ones keep their order unless it is drawn too. */
export function subsetOf(
  files: readonly LabelledFile[],
  { limitPerClass, shuffle, seed }: Subset,
): readonly LabelledFile[] {
  const random = new Random(seed);
  const taken = limitPerClass === undefined ? files : limited(files, limitPerClass, random);
  return shuffle ? Array.from(random.sample(taken.length, taken.length), (at) => taken[at]) : taken;
}

function limited(files: readonly LabelledFile[], limit: number, random: Random): LabelledFile[] {
  const ofClass = new Map<number | undefined, number[]>();
  files.forEach(({ label }, at) => {
    const those = ofClass.get(label);
    if (those) those.push(at);
    else ofClass.set(label, [at]);
  });
  const drawn = [...ofClass.values()].flatMap((those) =>
    Array.from(random.sample(those.length, Math.min(limit, those.length)), (one) => those[one]),
  );
  return drawn.sort((a, b) => a - b).map((at) => files[at]);
}
