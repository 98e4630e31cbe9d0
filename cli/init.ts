import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { stringify } from 'yaml';

import { visibleLines } from '../engine/visible';
import { specTemplate } from '../run-spec/template';
import { BadInput, exitStatus } from './exit-status';
import { readModel } from './preflight';
import { proposeData, type ProposedData } from './propose-data';

/** The options of `slimflow init`. */
export interface InitFlags {
  readonly model?: string;
  readonly data?: string;
}

/**
 * `slimflow init`: writes a commented spec that shows every default; with a model and a folder of data, a short one that
 * runs.
 */
export async function init(file: string, { model, data }: InitFlags): Promise<number> {
  if ((model === undefined) !== (data === undefined))
    throw new BadInput('give both --model and --data for a spec that runs, or neither for one to fill in');
  if (existsSync(file)) throw new BadInput(`${file} already exists; give another name`);
  const say = (text: string) => process.stdout.write(visibleLines(`${text}\n`));
  if (model === undefined || data === undefined) {
    await put(file, specTemplate);
    say(`Written: ${file}. Set model and data in it, then run \`slimflow run ${file}\`.`);
    return exitStatus.done;
  }
  const { inputs } = await readModel(model);
  const proposed = proposeData(data, file);
  await put(file, specOf(relative(dirname(file), model) || model, inputs[0]?.shape ?? [], proposed));
  for (const note of proposed.notes) say(`Note: ${note}.`);
  say(
    `Written: ${file}. Next:\n  slimflow data ${file}        # are pixels and labels as the model expects them?\n  slimflow run --dry ${file}   # checks everything, runs nothing\n  slimflow run ${file}`,
  );
  return exitStatus.done;
}

async function put(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw new BadInput((error as Error).message, { cause: error });
  }
}

/** Means and deviations of ImageNet, which most trained networks for photos expect. */
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Writes a short spec. @param shape of the model's input: `[N, C, H, W]`, with names for open sizes */
function specOf(model: string, shape: readonly (number | string)[], data: ProposedData): string {
  const { splits, areFiles, classes, notes } = data;
  const [, channels = 3, height, width] = shape;
  const isSized = typeof height === 'number' && typeof width === 'number';
  const how = areFiles && {
    transform: {
      ...(isSized && height !== width
        ? { resize: [height, width] }
        : { resize: isSized ? height : 256, crop: isSized ? height : 224 }),
      ...(channels === 1 && { channels: 'gray' }),
    },
    normalize: { scale: 1 / 255, ...(channels === 1 ? { mean: [0.5], std: [0.5] } : imageNet) },
  };
  const split = (name: keyof typeof splits) => ({
    ...splits[name],
    ...(classes !== undefined && { classes }),
    ...how,
  });
  const spec = {
    model,
    data: { train: split('train'), evaluate: split('evaluate'), test: split('test') },
    target: 0.5,
    tolerance: 1,
  };
  const comments = [
    'Written by `slimflow init`. `slimflow init all.yaml` writes a spec with every other field and its default.',
    ...notes,
    ...(areFiles
      ? ['normalize is a guess: `slimflow data` tries others, and says so if one fits the model better.']
      : []),
    "target: MACs of the final model relative to the original's; tolerance: points of accuracy that may be lost.",
  ];
  return `${comments.map((line) => `# ${line}`).join('\n')}\n${stringify(spec, { aliasDuplicateObjects: false })}`;
}
