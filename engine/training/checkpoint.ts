import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { EngineError } from '../errors';
import { readTensors, type TensorFile, writeTensors } from '../tensor/safetensors';
import { floats, type Tensor } from '../tensor/tensor';
import { type Layout, type Trainable, unpack } from './parameters';

/** Everything that training goes on from. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** How often training began anew with a tenth of the learning rate. */
  readonly retries: number;
  readonly parameters: Float32Array;
  readonly momenta: Float32Array;
  readonly statistics: Float32Array;
  /** The loss of each step done. */
  readonly losses: readonly number[];
}

const format = 'slimflow training 1';
const kept = 2;
const pattern = /^(?:retry-(\d+)-)?step-(\d+)\.safetensors$/;

/** The checkpoint files in a folder, the newest last; none where there is no such folder. */
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

/** The newest checkpoint in a folder; undefined where there is none. */
export const lastCheckpoint = (folder: string): string | undefined => checkpointsIn(folder).at(-1);

/** The checkpoint files of one training, of which the two newest are kept. */
export class Checkpoints {
  private readonly files: string[];

  /**
   * @param identity what a checkpoint must agree on to be gone on from: model, data and settings.
   */
  constructor(
    private readonly folder: string,
    private readonly trainable: Trainable,
    private readonly identity: string,
  ) {
    this.files = checkpointsIn(folder);
  }

  /** Writes a file `step-<n>.safetensors` and returns its path; older ones but the last are deleted. */
  write(state: TrainingState): string {
    const { step, retries, parameters, momenta, statistics, losses } = state;
    const tensors = new Map<string, Tensor>([
      ...prefixed('parameters', this.trainable.parameters, parameters),
      ...prefixed('momenta', this.trainable.parameters, momenta),
      ...prefixed('statistics', this.trainable.statistics, statistics),
      ['losses', floats([losses.length], losses)],
    ]);
    const path = resolve(join(this.folder, `${retries ? `retry-${retries}-` : ''}step-${step}.safetensors`));
    writeTensors(path, tensors, {
      format,
      identity: this.identity,
      step: String(step),
      retries: String(retries),
    });
    this.files.splice(0, this.files.length, ...this.files.filter((file) => file !== path), path);
    for (const old of this.files.splice(0, this.files.length - kept)) rmSync(old, { force: true });
    return path;
  }

  /** @throws EngineError `InvalidData` when the file is missing, broken, or of another model, data set or settings. */
  read(path: string): TrainingState {
    const { tensors, metadata } = open(path);
    const bad = (what: string) =>
      new EngineError('InvalidData', `checkpoint ${path} ${what}; delete it to train from the start`);
    if (metadata.format !== format) throw bad('was not written by this version of Slimflow');
    if (metadata.identity !== this.identity) throw bad('is of another model, data set or settings');
    const gather = (prefix: string, { entries, size }: Layout) => {
      const vector = new Float32Array(size);
      for (const { name, offset } of entries) {
        const tensor = tensors.get(`${prefix}/${name}`);
        if (!tensor) throw bad(`lacks ${prefix}/${name}`);
        vector.set(tensor.data as Float32Array, offset);
      }
      return vector;
    };
    return {
      step: Number(metadata.step),
      retries: Number(metadata.retries),
      parameters: gather('parameters', this.trainable.parameters),
      momenta: gather('momenta', this.trainable.parameters),
      statistics: gather('statistics', this.trainable.statistics),
      losses: Array.from((tensors.get('losses')?.data ?? []) as Float32Array),
    };
  }
}

function open(path: string): TensorFile {
  try {
    return readTensors(path);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('InvalidData', `checkpoint ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const prefixed = (prefix: string, layout: Layout, vector: Float32Array): [string, Tensor][] =>
  [...unpack(layout, vector)].map(([name, tensor]) => [`${prefix}/${name}`, tensor]);
