import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, parse, relative, sep } from 'node:path';

import { classFolders, type LabelledFile, type Listing } from '../engine/data/images/labelled-files';
import { Random } from '../engine/data/random';
import { BadInput } from './exit-status';

/** Samples of one split, as a spec names them. */
export interface ProposedSplit {
  readonly images: string;
  readonly labels?: string;
  readonly range?: readonly [number, number];
}

/** Data of a spec, found in a folder. */
export interface ProposedData {
  readonly splits: Readonly<Record<SplitName, ProposedSplit>>;
  /** True for image files, which need a transform; false for arrays. */
  readonly areFiles: boolean;
  /** Folder that gives the order of the classes, if the splits do not. */
  readonly classes?: string;
  /** Sentences on how it was split, and files that were written for that. */
  readonly notes: readonly string[];
}
type SplitName = 'train' | 'evaluate' | 'test';

/** Names that people give to the folders and files of splits. */
const spellings: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  evaluate: ['val', 'valid', 'validation', 'evaluate', 'eval', 'dev'],
  test: ['test', 'testing'],
};
/** Shares of samples that are held back for evaluation and test if there is one set alone. */
const heldBack = 0.15;

/**
 * Finds the splits in a folder of data: `train`, `val` and `test` with a folder per class each, or one set of such
 * folders, or `.npy` files. What is missing is split off by lists of files beside the spec, every class in proportion.
 * @param spec file of the spec that names them
 * @throws BadInput if nothing in the folder is recognized, with what would be
 */
export function proposeData(folder: string, spec: string): ProposedData {
  const entries = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : undefined;
  if (!entries) throw new BadInput(`--data ${folder} is not a folder`);
  const here = (path: string) => relative(dirname(spec), path) || '.';
  const named = (split: SplitName, suffix = '') =>
    entries.find((entry) => spellings[split].some((name) => entry.toLowerCase() === `${name}${suffix}`));
  if (entries.some((entry) => entry.endsWith('.npy'))) return arrays(folder, entries, here);
  const train = named('train');
  if (train === undefined) return oneSet(folder, spec, here);
  const [evaluate, test] = [named('evaluate'), named('test')];
  const held = evaluate ?? test;
  if (held === undefined) return oneSet(join(folder, train), spec, here);
  const at = (name: string): ProposedSplit => ({ images: here(join(folder, name)) });
  if (evaluate !== undefined && test !== undefined)
    return {
      splits: { train: at(train), evaluate: at(evaluate), test: at(test) },
      areFiles: true,
      classes: here(join(folder, train)),
      notes: [],
    };
  const { files } = listing(join(folder, held));
  const [first, second] = divided(files, [0.5]);
  const lists = {
    evaluate: written(first, join(folder, held), spec, 'evaluate'),
    test: written(second, join(folder, held), spec, 'test'),
  };
  const images = here(join(folder, held));
  return {
    splits: {
      train: at(train),
      evaluate: { images, labels: here(lists.evaluate) },
      test: { images, labels: here(lists.test) },
    },
    areFiles: true,
    classes: here(join(folder, train)),
    notes: [
      `there is no ${evaluate === undefined ? 'evaluation' : 'test'} split, so ${held} was halved: ${lists.evaluate} decides, ${lists.test} is for the figure at the end, which no decision has seen`,
    ],
  };
}

/** @throws BadInput if a folder has no images by class */
function listing(folder: string): Listing {
  try {
    return classFolders(folder);
  } catch (error) {
    throw new BadInput(
      `--data: ${(error as Error).message}. What is recognized: a folder of images per class (photos/cat/1.jpg), train, val and test with such folders, or .npy files; for other data write the spec by hand (docs/your-data.md)`,
      { cause: error },
    );
  }
}

/** Splits one set of class folders into three. */
function oneSet(folder: string, spec: string, here: (path: string) => string): ProposedData {
  const [evaluate, test, train] = divided(listing(folder).files, [heldBack, heldBack]);
  const images = here(folder);
  const list = (split: SplitName, files: readonly LabelledFile[]): ProposedSplit => ({
    images,
    labels: here(written(files, folder, spec, split)),
  });
  return {
    splits: { train: list('train', train), evaluate: list('evaluate', evaluate), test: list('test', test) },
    areFiles: true,
    classes: here(folder),
    notes: [
      `there is one set of images, so it was split by lists beside the spec: ${train.length} for training, ${evaluate.length} for evaluation, ${test.length} for the test`,
    ],
  };
}

/** Finds arrays by their names: `train-x.npy`, `train_labels.npy`, … or `images.npy` and `labels.npy`. */
function arrays(folder: string, entries: readonly string[], here: (path: string) => string): ProposedData {
  const array = (split: SplitName | undefined, what: readonly string[]) => {
    const starts = split ? spellings[split].flatMap((name) => [`${name}-`, `${name}_`]) : [''];
    const name = entries.find((entry) =>
      starts.some((start) => what.some((one) => entry.toLowerCase() === `${start}${one}.npy`)),
    );
    return name && here(join(folder, name));
  };
  const of = (split?: SplitName): ProposedSplit | undefined => {
    const images = array(split, ['x', 'images', 'data', 'inputs']);
    return images === undefined ? undefined : { images, labels: array(split, ['y', 'labels', 'targets']) };
  };
  const [train, evaluate, test] = [of('train'), of('evaluate'), of('test')];
  if (train && evaluate && test) return { splits: { train, evaluate, test }, areFiles: false, notes: [] };
  throw new BadInput(
    `--data ${folder}: its .npy files are not named train-x.npy, train-y.npy, val-x.npy, val-y.npy, test-x.npy and test-y.npy (or -images and -labels); name them so, or write the spec by hand: one array serves all splits by \`range\` (docs/data.md)`,
  );
}

/** Divides files into shares and a rest, every class in proportion, by a seeded draw. */
function divided(files: readonly LabelledFile[], shares: readonly number[]): LabelledFile[][] {
  const parts: LabelledFile[][] = [...shares, 1].map(() => []);
  const classes = new Map<number | undefined, LabelledFile[]>();
  for (const file of files) {
    const members = classes.get(file.label);
    if (members) members.push(file);
    else classes.set(file.label, [file]);
  }
  const random = new Random(0);
  for (const members of classes.values()) {
    const drawn = members.map((file) => ({ file, at: random.next() })).sort((a, b) => a.at - b.at);
    let from = 0;
    for (const [part, share] of [...shares, 1].entries()) {
      const count = share === 1 ? drawn.length : Math.max(1, Math.round(share * drawn.length));
      parts[part].push(...drawn.slice(from, from + count).map(({ file }) => file));
      from += count;
    }
  }
  return parts;
}

/** Writes a list of files and their classes beside a spec; returns its path. @throws BadInput if it is there already */
function written(files: readonly LabelledFile[], folder: string, spec: string, split: SplitName): string {
  const list = join(dirname(spec), `${parse(spec).name}-${split}.csv`);
  const cell = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = files.map(({ path }) => {
    const within = relative(folder, path);
    return `${cell(within)},${cell(within.split(sep)[0])}`;
  });
  if (existsSync(list)) throw new BadInput(`${list} already exists; give the spec another name`);
  writeFileSync(list, `${lines.sort().join('\n')}\n`);
  return list;
}
