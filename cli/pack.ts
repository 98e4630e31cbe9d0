import { rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { classesIn, listedImages } from '../engine/data/images/label-lists';
import { classFolders, type Listing, unlabelled } from '../engine/data/images/labelled-files';
import { packImages } from '../engine/data/images/pack-images';
import { channelCount, type ChannelsName, UnreadableImage } from '../engine/data/images/read-image';
import { subsetOf } from '../engine/data/images/subset';
import type { Normalization } from '../engine/data/source';
import { EngineError } from '../engine/errors';
import { packReport, type PackSummary } from '../report/packing';
import { settle, temporaryName, writeAtomically } from '../store/files';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { packingProgress } from './packing-progress';
import { writeProblem } from './preflight';
import { visibleLines } from '../engine/visible';

/** Mean and standard deviation of ImageNet's pixels, from 0 to 1; for grey, the means over the channels. */
const imageNet = {
  rgb: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  gray: { mean: [0.449], std: [0.226] },
};

/** The options of `slimflow pack` as commander gives them. */
export interface PackFlags {
  readonly out: string;
  readonly resize: number;
  readonly size: number;
  readonly channels: ChannelsName;
  /** A list of classes in their order. */
  readonly classes?: string;
  /** Rows of file,label. */
  readonly csv?: string;
  readonly labels: boolean;
  readonly limitPerClass?: number;
  readonly shuffle?: boolean;
  readonly seed: number;
  readonly skipBad?: boolean;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly split: 'train' | 'evaluate' | 'test';
  readonly json?: boolean;
}

/** `slimflow pack`: makes a data set from image files. */
export async function pack(folder: string, flags: PackFlags): Promise<number> {
  const name = flags.out.replace(/[\\/]+$/, '');
  const normalize = normalizationOf(flags);
  check(name, flags);
  const signal = onInterrupt();
  const say = (text: string) => flags.json || process.stderr.write(visibleLines(`${text}\n`));
  try {
    const listing = listingOf(folder, flags);
    const files = subsetOf(listing.files, flags);
    if (!files.length) throw new BadInput(`${folder} has no images`);
    say(`${files.length} images${listing.classes ? ` of ${listing.classes.length} classes` : ''}`);
    const written = await write(name, { ...listing, files }, flags, signal, say);
    const summary: PackSummary = {
      ...written,
      passedBy: listing.passedBy,
      data: {
        [flags.split]: { images: written.images, labels: written.labels, layout: 'NCHW', normalize },
      },
    };
    const byClass = flags.labels && !flags.csv && !flags.shuffle;
    process.stdout.write(
      visibleLines(`${flags.json ? JSON.stringify(summary, undefined, 2) : packReport(summary, byClass)}\n`),
    );
    return exitStatus.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') {
      say('Stopped; nothing was written.');
      return exitStatus.detached;
    }
    const hint = error instanceof UnreadableImage ? '; --skip-bad skips such files and lists them' : '';
    throw new BadInput(`${error.message}${hint}`, { cause: error });
  }
}

/** @throws BadInput if the options do not fit each other */
function check(name: string, { out, resize, size, classes, labels, limitPerClass }: PackFlags): void {
  if (size > resize)
    throw new BadInput(
      `--size ${size} is larger than the shorter side, ${resize} pixels: set --resize to ${size} or more`,
    );
  if (!labels && (classes !== undefined || limitPerClass !== undefined))
    throw new BadInput(
      '--no-labels can not be combined with --classes or --limit-per-class, which need labels',
    );
  const problem = writeProblem(dirname(resolve(name)));
  if (problem) throw new BadInput(`--out ${out} is not writable: ${problem}`);
}

function listingOf(folder: string, { csv, labels, classes: list }: PackFlags): Listing {
  if (!labels) return unlabelled(folder);
  const classes = list === undefined ? undefined : classesIn(list);
  return csv === undefined ? classFolders(folder, classes) : listedImages(csv, folder, classes);
}

/** Writes the files of a data set, all or none of them. */
async function write(
  name: string,
  { files, classes }: Listing,
  flags: PackFlags,
  signal: AbortSignal,
  say: (text: string) => unknown,
): Promise<Omit<PackSummary, 'data' | 'passedBy'>> {
  const at = { images: `${name}-images.npy`, labels: `${name}-labels.npy`, classes: `${name}-classes.txt` };
  const images = temporaryName(resolve(at.images));
  const labels = classes && temporaryName(resolve(at.labels));
  const clean = () => [images, labels].forEach((path) => path && rmSync(path, { force: true }));
  // Also clean up if a second Ctrl-C, or anything else, ends the process.
  process.once('exit', clean);
  try {
    await mkdir(dirname(resolve(name)), { recursive: true });
    const progress = packingProgress(say);
    const { shape, bad } = await packImages(files, { images, labels }, flags, {
      signal,
      onProgress: progress,
    });
    // The images are moved last: those of an earlier data set must never end up beside the labels of this one.
    await rm(at.images, { force: true });
    if (labels && classes) {
      await writeAtomically(at.classes, `${classes.join('\n')}\n`);
      await settle(labels, resolve(at.labels));
    }
    await settle(images, resolve(at.images));
    const left = new Set(bad.map(({ path }) => path));
    const counts = classes?.map(() => 0);
    for (const { path, label } of files)
      if (counts && label !== undefined && !left.has(path)) counts[label]++;
    return {
      images: at.images,
      ...(classes && { labels: at.labels, classes: at.classes }),
      shape,
      ...(counts && { perClass: Object.fromEntries(counts.map((count, label) => [classes![label], count])) }),
      bad,
    };
  } finally {
    process.off('exit', clean);
    clean();
  }
}

function normalizationOf({ channels, mean, std }: PackFlags): Normalization {
  const values = { mean: mean ?? imageNet[channels].mean, std: std ?? imageNet[channels].std };
  for (const key of ['mean', 'std'] as const)
    if (values[key].length !== channelCount[channels])
      throw new BadInput(
        `--${key} has ${values[key].length} values, but --channels ${channels} needs ${channelCount[channels]}`,
      );
  return { scale: 1 / 255, ...values };
}
