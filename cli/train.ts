import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';

import { EngineError } from '../engine/errors';
import { trainModel, type TrainReport } from '../engine/api/train-model';
import { forgetCheckpoints } from '../engine/training/loop/checkpoint';
import { curveTable, trainReport } from '../report/training';
import { writeAtomically } from '../store/files';
import { BadInput, exit } from './exit-status';
import { checkKept, readTraining, writable } from './preflight';
import { settingsOf } from './train-settings';

/** The options of `slimflow train` as commander gives them, beside those of settings (`settingsOf`). */
export interface TrainFlags extends Readonly<Record<string, unknown>> {
  readonly data: string;
  readonly out: string;
  readonly fromScratch?: boolean;
  /** A model to learn from. */
  readonly teacher?: string;
  /** Where the curve goes, .json or .csv. */
  readonly curve?: string;
  readonly checkpoints?: string;
  readonly checkpointSeconds: number;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `slimflow train`: trains a model, without any server. */
export async function train(model: string, flags: TrainFlags): Promise<number> {
  const out = resolve(flags.out);
  const checkpoints = resolve(flags.checkpoints ?? `${out}.checkpoints`);
  checkPaths(out, checkpoints, flags);
  checkKept(model, out);
  const { data, metric, fineTune } = readTraining(flags.data);
  const settings = settingsOf(flags, fineTune);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const say = (text: string) => flags.json || process.stderr.write(`${text}\n`);
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
        metric,
        settings,
        fromScratch: flags.fromScratch,
        teacher: flags.teacher,
        threads: flags.threads,
        checkpoints: { folder: checkpoints, seconds: flags.checkpointSeconds },
      },
      {
        signal: stop.signal,
        onProgress: (stage, { done, total, note, checkpoint }) => {
          kept = checkpoint ?? kept;
          say(`${stage} ${done}/${total} · ${note}`);
        },
      },
    );
    if (flags.curve) await writeAtomically(resolve(flags.curve), curveText(flags.curve, report));
    // What is done has nothing to go on from, and must not stand in the way of another training in this folder.
    if (flags.checkpoints) forgetCheckpoints(checkpoints);
    else rmSync(checkpoints, { recursive: true, force: true });
    const { curve: _curve, ...told } = report;
    process.stdout.write(`${flags.json ? JSON.stringify(told, undefined, 2) : trainReport(report, out)}\n`);
    return exit.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') {
      const goOn = kept
        ? `${kept} holds how far it was: the same command goes on from there`
        : 'no step was done';
      const written = writtenAt() !== before;
      say(`Stopped; ${written ? `${out} is trained, though not judged` : 'no model was written'}. ${goOn}.`);
      return exit.detached;
    }
    // A checkpoint of an earlier call is not this one's to remove.
    if (!found) rmSync(checkpoints, { recursive: true, force: true });
    if (error.code !== 'Diverged') throw new BadInput(error.message, { cause: error });
    process.stderr.write(`${error.message}\n`);
    return exit.failed;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** @throws BadInput when something that is to be written can't be. */
function checkPaths(out: string, checkpoints: string, flags: TrainFlags): void {
  const unwritable = (option: string, given: string, folder: string) => {
    const problem = writable(folder);
    if (problem) throw new BadInput(`${option} ${given} can't be written to: ${problem}`);
  };
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();
  unwritable('--out', flags.out, dirname(out));
  if (isFolder(out))
    throw new BadInput(`--out ${flags.out} is a folder: name a file, such as ${flags.out}/trained.onnx`);
  if (flags.checkpoints) unwritable('--checkpoints', flags.checkpoints, checkpoints);
  if (!flags.curve) return;
  if (!['.json', '.csv'].includes(extname(flags.curve)))
    throw new BadInput(`--curve ${flags.curve} must end in .json or .csv, which says what is written`);
  unwritable('--curve', flags.curve, dirname(resolve(flags.curve)));
  if (isFolder(resolve(flags.curve))) throw new BadInput(`--curve ${flags.curve} is a folder: name a file`);
}

const curveText = (file: string, report: TrainReport): string =>
  extname(file) === '.csv'
    ? curveTable(report)
    : `${JSON.stringify({ epochs: report.epochs, steps: report.curve })}\n`;
