import type { Random } from '../../engine/data/random';

/** Names of all targets, as `--target` takes them. */
export const targetNames = [
  'onnx',
  'inspect',
  'npy',
  'safetensors',
  'checkpoint',
  'spec',
  'scores',
  'bundle',
  'request',
  'image',
  'npz',
  'idx',
  'cifar',
  'parquet',
  'tar',
  'coco',
  'lists',
] as const;
export type TargetName = (typeof targetNames)[number];

/** The place in which a target works. */
export interface Room {
  /** The file that holds the input, by its path. */
  readonly file: string;
  /** An empty folder of the worker's own; a target leaves nothing in it. */
  readonly folder: string;
  /** True for a few inputs: checks that take long are made on these alone. */
  readonly thorough: boolean;
  /** Counts something to report, such as a reason for which a model was refused that ONNX Runtime runs. */
  readonly count: (what: string) => void;
}

/** A door through which bytes from outside come in. */
export interface Target {
  readonly name: TargetName;
  /** Ending of its files, by which readers may go. */
  readonly extension: string;
  /** Valid and known invalid inputs to start from. */
  readonly seeds: () => Uint8Array[];
  /** Changes an input a little; `other` is another one of the corpus, to take parts from. */
  readonly mutate: (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;
  /**
   * Passes the input in `room.file` through the door.
   * @returns what it did, in few words: inputs that do something new are kept and changed further
   * @throws an error of the door's own (`isRefusal`) for a bad input; anything else is a find
   */
  readonly run: (room: Room) => Promise<string> | string;
  /** Tells a refusal in a sentence from an error that nobody expected. */
  readonly isRefusal: (error: Error) => boolean;
}

/** A fault though no error was thrown: a find of its own kind. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    /** Kind of the violation; finds of one kind are one find. */
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}
