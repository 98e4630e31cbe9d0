import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { NewestCheckpoints } from '../../checkpoints';
import { EngineError } from '../../errors';
import { readTensors, writeTensors } from '../../tensor/safetensors';
import { floats, isFloat, numbersOf, type Tensor } from '../../tensor/tensor';
import type { Snapshot, TrainingState } from './state';
import type { StateVector, Vectors } from '../parameters/vectors';

const format = 'slimflow training 2';
const pattern = /^(?:retry-(\d+)-)?step-(\d+)\.safetensors$/;

/** Lists the checkpoint files in a folder, newest last; none if there is no such folder. */
function checkpointsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const match = pattern.exec(name);
      return match ? [{ name, retries: Number(match[1] ?? 0), step: Number(match[2]) }] : [];
    })
    .sort((a, b) => a.retries - b.retries || a.step - b.step)
    .map(({ name }) => resolve(folder, name));
}

/** Returns the newest checkpoint in a folder; undefined if there is none. */
export const lastCheckpoint = (folder: string): string | undefined => checkpointsIn(folder).at(-1);

/** Deletes the checkpoints in a folder, and nothing else. */
export const forgetCheckpoints = (folder: string): void =>
  checkpointsIn(folder).forEach((file) => rmSync(file, { force: true }));

/** Content of a checkpoint besides its vectors; losses are a tensor, since there may be many. */
type Told = Pick<TrainingState, 'step' | 'retries' | 'evaluations' | 'microBatch'> & {
  readonly good: number;
  readonly best?: { readonly step: number; readonly epoch: number; readonly value: number };
};

/**
 * The checkpoint files of one training, of which the two newest are kept. A file holds the vectors of up to three
 * states (the current, the last good and the best one), each flat, and everything small as JSON.
 */
export class Checkpoints {
  private readonly files: NewestCheckpoints;

  /**
   * @param vectors the vectors of a state
   * @param identity what a checkpoint must match to be resumed from: model, data and settings
   */
  constructor(
    private readonly folder: string,
    private readonly vectors: readonly Pick<StateVector, 'name' | 'size'>[],
    private readonly identity: string,
  ) {
    this.files = new NewestCheckpoints(checkpointsIn(folder));
  }

  /** Writes a file `step-<n>.safetensors` and returns its path; deletes all older ones but the last. */
  write(state: TrainingState): string {
    const { step, vectors, losses, good, best, retries, evaluations, microBatch } = state;
    const told: Told = {
      step,
      retries,
      evaluations,
      microBatch,
      good: good.step,
      best: best && { step: best.step, epoch: best.epoch, value: best.value },
    };
    const tensors = new Map<string, Tensor>([
      ...this.named('now', vectors),
      // A state that is also the current one, or the beginning, which the model holds, is not written twice.
      ...(good.step && good.step !== step ? this.named('good', good.vectors) : []),
      ...(best ? this.named('best', best.vectors) : []),
      ['losses', floats([losses.length], losses)],
    ]);
    const name = `${retries.length ? `retry-${retries.length}-` : ''}step-${step}.safetensors`;
    const path = resolve(join(this.folder, name));
    // Another training in the same folder may have removed it when done.
    mkdirSync(this.folder, { recursive: true });
    writeTensors(path, tensors, { format, identity: this.identity, state: JSON.stringify(told) });
    this.files.add(path);
    return path;
  }

  /**
   * Reads a checkpoint.
   * @param beginning the state before the first step, of the model as it was given
   * @throws EngineError `InvalidData` if the file is missing, broken, or of another model, data set or settings
   */
  read(path: string, beginning: Snapshot): TrainingState {
    const bad = (what: string) =>
      new EngineError('InvalidData', `checkpoint ${path} ${what}; delete it to train from the start`);
    const { tensors, metadata } = readTensors(path);
    if (metadata.format !== format) throw bad('was not written by this version of Slimflow');
    if (metadata.identity !== this.identity) throw bad('is of another model, data set or settings');
    const vectorsOf = (prefix: string): Vectors =>
      Object.fromEntries(
        this.vectors.map(({ name, size }) => {
          const found = tensors.get(`${prefix}/${name}`);
          if (!isFloat(found) || found.data.length !== size) throw bad(`lacks ${prefix}/${name}`);
          return [name, found.data];
        }),
      );
    const read = toldIn(metadata.state);
    if (!read) throw bad('is damaged');
    const { good, best, ...told } = read;
    const now: Snapshot = { step: told.step, vectors: vectorsOf('now') };
    const goodOnes = { 0: beginning, [told.step]: now };
    return {
      ...told,
      ...now,
      losses: numbersOf(tensors.get('losses') ?? floats([0])),
      good: goodOnes[good] ?? { step: good, vectors: vectorsOf('good') },
      best: best && { ...best, vectors: vectorsOf('best') },
    };
  }

  private readonly named = (prefix: string, vectors: Vectors): [string, Tensor][] =>
    this.vectors.map(({ name, size }) => [`${prefix}/${name}`, floats([size], vectors[name])]);
}

/** Reads what a checkpoint says besides its vectors; undefined if it does not say it in full. */
function toldIn(text: string | undefined): Told | undefined {
  try {
    const told = JSON.parse(text ?? '') as Partial<Told> | null;
    if (typeof told !== 'object' || !told) return undefined;
    const { step, good, best, microBatch, retries, evaluations } = told;
    const areWhole = [step, good, ...(best ? [best.step, best.epoch] : [])].every(isCount);
    const areLists = [retries, evaluations].every((list) => Array.isArray(list) && list.every(isObject));
    const isSplit = microBatch === undefined || (isObject(microBatch) && isCount(microBatch.size));
    const isJudged = best === undefined || (isObject(best) && typeof best.value === 'number');
    return areWhole && areLists && isSplit && isJudged ? (told as Told) : undefined;
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
