import type { Tensor } from '../../tensor/tensor';
import type { InputSize } from '../../names';
import type { DrawnInput } from '../feeds';

/** One run of a model: its inputs, which are drawn where the model runs, by a seed. */
export interface DrawnRun {
  readonly seed: number;
  readonly inputs: readonly DrawnInput[];
}

/** A model to be run in a process of its own. */
export interface GuardedTask {
  /** Its bytes, or the path of a file. */
  readonly model: Uint8Array | string;
  readonly runs: readonly DrawnRun[];
  /** Runs the first of `runs` node by node, to find the node at which a run of the whole ended. */
  readonly byNode?: boolean;
  /** Sizes that the model leaves open, for a run whose inputs are drawn by the model alone (no `runs`). */
  readonly inputSize?: InputSize;
}

/** Outputs of each run. */
export type GuardedResults = readonly Readonly<Record<string, Tensor>>[];

/** Replies of the process. */
export type GuardedReply =
  /** It has loaded ONNX Runtime: what it takes from here on is the model's. */
  | { readonly ready: true }
  | { readonly results: GuardedResults }
  /** The message of what was thrown. */
  | { readonly failed: string }
  /** The node that begins now, for people; the outcome follows. */
  | { readonly at: string };
