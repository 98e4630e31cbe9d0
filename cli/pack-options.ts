import { Argument, type Command, Option } from 'commander';

import { channelNames } from '../engine/data/images/read-image';
import { jsonOption, listOf, numberFrom, positive, whole } from './options';
import type { PackFlags } from './pack';

/** The splits of a spec. */
const splits = ['train', 'evaluate', 'test'] as const;

/** Adds `slimflow pack`. */
export function addPack(program: Command, done: (status: number) => void): void {
  program
    .command('pack')
    .description('make a data set of folders of JPEG, PNG, WebP or TIFF images, without Python')
    .addArgument(new Argument('<folder>', 'with a folder a class, as ImageFolder of PyTorch has them'))
    .requiredOption('--out <name>', 'writes <name>-images.npy, <name>-labels.npy and <name>-classes.txt')
    .option('--resize <pixels>', 'what the shorter side is resized to', whole, 256)
    .option('--size <pixels>', 'side of the square that is taken from the centre', whole, 224)
    .addOption(new Option('--channels <kind>', 'what colours become').choices(channelNames).default('rgb'))
    .option(
      '--classes <file>',
      'the order of the classes, one a line, such as the -classes.txt of the training set; else by name',
    )
    .addOption(
      new Option('--csv <file>', 'rows of file,label rather than a folder a class; in their order').conflicts(
        'labels',
      ),
    )
    .option('--no-labels', 'all images of the folder, without labels')
    .option('--limit-per-class <n>', 'so many images of each class at most, drawn by --seed', whole)
    .option('--shuffle', 'rows in an order drawn by --seed, so that a `range` of them has all classes')
    .option('--seed <n>', 'what is drawn by', numberFrom(0), 0)
    .option('--skip-bad', 'leave out images that can not be decoded, and list them')
    .option(
      '--mean <values>',
      "of each channel in 0..1, for `normalize`; else ImageNet's",
      listOf(numberFrom(0, 1)),
    )
    .option('--std <values>', "of each channel, for `normalize`; else ImageNet's", listOf(positive))
    .addOption(
      new Option('--split <name>', 'what the printed `data` is for').choices(splits).default('evaluate'),
    )
    .addOption(jsonOption('report as JSON'))
    .addHelpText(
      'after',
      `
Resizes and crops as torchvision's evaluation transform does: Resize(--resize), CenterCrop(--size), the same pixels.

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
