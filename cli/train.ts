import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';

import { EngineError } from '../engine/errors';
import { askedMetric, isActivityMetric, type NamedMetric } from '../contract/metric';
import type { InputSize, MetricChoice } from '../engine/names';
import { trainModel } from '../engine/api/train-model';
import type { TrainReport } from '../engine/api/train-report';
import { forgetCheckpoints } from '../engine/training/loop/checkpoint';
import { curveTable, trainReport } from '../report/training';
import { writeAtomically } from '../store/files';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { sayPacking } from './packing-progress';
import { refuseReplacedWeights, readTraining, writeProblem } from './preflight';
import { settingsOf } from './train-settings';
import { visibleLines } from '../engine/visible';

/** The options of `slimflow train` as commander gives them, besides the settings, which `settingsOf` reads. */
export interface TrainFlags extends Readonly<Record<string, unknown>> {
  readonly data: string;
  readonly out: string;
  readonly fromScratch?: boolean;
  readonly inputSize?: InputSize;
  /** A model to learn from. */
  readonly teacher?: string;
  /** Path for the curve, .json or .csv. */
  readonly curve?: string;
  readonly checkpoints?: string;
  readonly checkpointSeconds: number;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `slimflow train`: trains a model, without a server. */
export async function train(model: string, flags: TrainFlags): Promise<number> {
  const out = resolve(flags.out);
  const checkpoints = resolve(flags.checkpoints ?? `${out}.checkpoints`);
  checkPaths(out, checkpoints, flags);
  refuseReplacedWeights(model, out);
  const { data, metric, fineTune, inputSize } = await readTraining(flags.data);
  const settings = settingsOf(flags, fineTune);
  const signal = onInterrupt(flags.json ? () => undefined : undefined);
  const say = (text: string) => flags.json || process.stderr.write(visibleLines(`${text}\n`));
  const found = existsSync(checkpoints);
  const writtenAt = () => statSync(out, { throwIfNoEntry: false })?.mtimeMs;
  const before = writtenAt();
  let kept: string | undefined;
  try {
    const report = await trainModel(
      {
        model,
        out,
        data,
        metric: trainedMetric(metric, flags.teacher ?? model),
        settings,
        inputSize: flags.inputSize ?? inputSize,
        fromScratch: flags.fromScratch,
        teacher: flags.teacher,
        threads: flags.threads,
        checkpoints: { folder: checkpoints, seconds: flags.checkpointSeconds },
      },
      {
        signal,
        onData: sayPacking(say),
        onProgress: (stage, { done, total, note, checkpoint }) => {
          kept = checkpoint ?? kept;
          say(`${stage} ${done}/${total} · ${note}`);
        },
      },
    );
    if (flags.curve) await writeAtomically(resolve(flags.curve), curveText(flags.curve, report));
    // A finished training needs no checkpoints, and they must not interfere with another training in this folder.
    if (flags.checkpoints) forgetCheckpoints(checkpoints);
    else rmSync(checkpoints, { recursive: true, force: true });
    const { curve: _curve, ...summary } = report;
    process.stdout.write(
      visibleLines(`${flags.json ? JSON.stringify(summary, undefined, 2) : trainReport(report, out)}\n`),
    );
    return exitStatus.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') {
      const next = kept ? `Repeat the command to continue from the checkpoint ${kept}` : 'No step was done';
      const written = writtenAt() !== before;
      say(
        `Stopped; ${written ? `${out} is trained, but was not evaluated` : 'no model was written'}. ${next}.`,
      );
      return exitStatus.detached;
    }
    // Checkpoints of an earlier call are not ours to remove.
    if (!found) rmSync(checkpoints, { recursive: true, force: true });
    if (error.code !== 'Diverged') throw new BadInput(error.message, { cause: error });
    process.stderr.write(visibleLines(`${error.message}\n`));
    return exitStatus.failed;
  }
}

/** @throws BadInput if an output can not be written */
function checkPaths(out: string, checkpoints: string, flags: TrainFlags): void {
  const unwritable = (option: string, given: string, folder: string) => {
    const problem = writeProblem(folder);
    if (problem) throw new BadInput(`${option} ${given} is not writable: ${problem}`);
  };
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();
  unwritable('--out', flags.out, dirname(out));
  if (isFolder(out))
    throw new BadInput(`--out ${flags.out} is a folder; give a file name, such as ${flags.out}/trained.onnx`);
  if (flags.checkpoints) unwritable('--checkpoints', flags.checkpoints, checkpoints);
  if (!flags.curve) return;
  if (!['.json', '.csv'].includes(extname(flags.curve)))
    throw new BadInput(`--curve ${flags.curve} must end in .json or .csv, which sets its format`);
  unwritable('--curve', flags.curve, dirname(resolve(flags.curve)));
  if (isFolder(resolve(flags.curve)))
    throw new BadInput(`--curve ${flags.curve} is a folder; give a file name`);
}

const curveText = (file: string, report: TrainReport): string =>
  extname(file) === '.csv'
    ? curveTable(report)
    : `${JSON.stringify({ epochs: report.epochs, steps: report.curve })}\n`;

/** The metric of a training, which no activity of the user's can be asked for. @throws BadInput */
function trainedMetric(metric: NamedMetric<string>, original: string): MetricChoice {
  const asked = askedMetric(metric, original);
  if (!isActivityMetric(asked)) return asked;
  throw new BadInput(
    `metric: activity ${asked.activity} is asked only by \`slimflow run\`: name another metric in the spec that --data names`,
  );
}
