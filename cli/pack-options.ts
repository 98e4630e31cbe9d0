import { Argument, type Command, Option } from 'commander';

import { channelNames } from '../engine/data/images/read-image';
import { jsonOption, listOf, numberInRange, positiveInteger, positiveNumber } from './options';
import type { PackFlags } from './pack';

/** The splits of a spec. */
const splits = ['train', 'evaluate', 'test'] as const satisfies readonly PackFlags['split'][];

/** Adds `slimflow pack`. */
export function addPack(program: Command, done: (status: number) => void): void {
  program
    .command('pack')
    .description('make a data set from folders of JPEG, PNG, WebP or TIFF images, without Python')
    .addArgument(
      new Argument('<folder>', 'folder with one folder per class, as for ImageFolder of torchvision'),
    )
    .requiredOption('--out <name>', 'write <name>-images.npy, <name>-labels.npy and <name>-classes.txt')
    .option('--resize <pixels>', 'resize the shorter side to this', positiveInteger, 256)
    .option('--size <pixels>', 'crop a square of this side from the centre', positiveInteger, 224)
    .addOption(new Option('--channels <kind>', 'channels to store').choices(channelNames).default('rgb'))
    .option(
      '--classes <file>',
      'file with the classes in order, one per line, such as -classes.txt of the training set (default: sorted by name)',
    )
    .addOption(
      new Option(
        '--csv <file>',
        'CSV file of file,label rows, used in their order instead of one folder per class',
      ).conflicts('labels'),
    )
    .option('--no-labels', 'take all images of the folder, without labels')
    .option('--limit-per-class <n>', 'maximum number of images per class, drawn with --seed', positiveInteger)
    .option('--shuffle', 'shuffle the rows with --seed, so that a `range` of them has all classes')
    .option('--seed <n>', 'random seed', numberInRange(0), 0)
    .option('--skip-bad', 'skip images that can not be decoded, and list them')
    .option(
      '--mean <values>',
      "mean per channel, from 0 to 1, for `normalize` (default: ImageNet's)",
      listOf(numberInRange(0, 1)),
    )
    .option(
      '--std <values>',
      "standard deviation per channel, for `normalize` (default: ImageNet's)",
      listOf(positiveNumber),
    )
    .addOption(
      new Option('--split <name>', 'split that the printed `data` is for')
        .choices(splits)
        .default('evaluate'),
    )
    .addOption(jsonOption('print the report as JSON'))
    .addHelpText(
      'after',
      `
Resizes and crops like torchvision's evaluation transform, Resize(--resize) then CenterCrop(--size), with identical pixels.

Examples:
  slimflow pack imagenet/train --out train --split train
  slimflow pack imagenet/val --out val --classes train-classes.txt --limit-per-class 10
  slimflow pack photos --csv photos.csv --out photos --shuffle
  slimflow pack digits --out digits --channels gray --resize 28 --size 28`,
    )
    .action(async (folder: string, flags: PackFlags) =>
      done(await (await import('./pack.js')).pack(folder, flags)),
    );
}
