import { Random } from '../random';
import type { LabelledFile } from './labelled-files';

/** Selection and order of a listing's images. */
export interface Subset {
  /** Most images per class, drawn at random. */
  readonly limitPerClass?: number;
  /** Shuffles the images, so that any range of rows has all classes. */
  readonly shuffle?: boolean;
  /** Seed of both. */
  readonly seed: number;
}

/** Takes the images that `subset` asks for: the same ones for the same seed. They keep their order unless shuffled. */
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
