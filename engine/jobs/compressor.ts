import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { unitsFor } from '../ratios/candidate-ratios';
import type { Plan } from '../ratios/plan';
import type { LeftOutputs, Teacher } from '../reconstruction/refit-targets';
import type { Replacements } from '../runtime/model-probe';
import type { Method, Selecting, Reconstruction } from '../names';
import type { Checkpointing, Frozen } from './types';
import type { Tools } from './backends';
import type { JobContext } from './job-context';
import type { JobData } from './open-data';

/** Everything that a technique may need to compress a model. */
export interface Means {
  /** Name of the model in messages. */
  readonly model: string;
  readonly method: Method;
  readonly tools: Tools;
  readonly context: JobContext;
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  /** Channels to remove, set by hand, by part. */
  readonly selection?: Pick<Selecting, 'channels'>;
  /** Location of the checkpoints of refitted layers. */
  readonly checkpointing?: Checkpointing;
  /** The model to whose layers refits are made, if it is not the one to compress. */
  readonly teacher?: Teacher;
  /** Path for the factors of a part (one file), or paths of existing ones (one file per part). */
  readonly factors?: string | Readonly<Record<string, string>>;
}

/** A part that a technique can compress separately, in units of its own (rank, channels). */
export interface Part {
  readonly name: string;
  /** Layers whose weights change. */
  readonly layers: readonly Layer[];
  /** Units with which nothing is lost: full rank, all channels. */
  readonly full: number;
  /** Most units worth having; with more, the part is better left as it is. */
  readonly most: number;
  /** Units that the part's whole cost would buy, a fraction: the factor of a ratio of its cost. */
  readonly unitsAtOne: number;
  /** Channels in memory that one unit is; 1 by default. */
  readonly width?: number;
}

/** A compressed model, and its equal in the original's shape. */
export interface Compressed {
  readonly graph: Graph;
  /** The original with low-rank, or masked and refitted, weights: what `graph` must compute. */
  readonly equivalent: Graph;
  readonly notes: readonly string[];
  /** Channel pruning: the remaining outputs of layers, numbered as in the teacher or, without one, the model. */
  readonly left?: LeftOutputs;
}

/** A part at any units, as weights of the original's shapes. */
export interface Trials {
  /** The model, equal to the original, whose constants are replaced. */
  readonly graph: Graph;
  readonly constants: readonly string[];
  /** Returns the weights that make it compute what the compressed model will; none if nothing is lost. */
  at(units: number): Promise<Replacements>;
}

/** A model as one technique sees it. */
export interface Compressor {
  readonly parts: readonly Part[];
  /** Layers that it must leave alone, and why. */
  readonly frozen: readonly Frozen[];
  /** Prepares trials of a single part at any units. */
  trials(part: Part): Promise<Trials>;
  /** MACs or parameters of the whole model after a plan, in the order of the parts. */
  readonly costOf: { readonly macs: (plan: Plan) => number; readonly params: (plan: Plan) => number };
  /** Extracts the layers that a part touches as separate graphs: unchanged (null), or with the part at some units. */
  alone(part: Part, units: number | null): Promise<Graph[]>;
  compress(plan: Plan): Promise<Compressed>;
}

/**
 * Finds the part of that name.
 * @throws EngineError `InvalidSettings` that lists the existing ones
 */
export function partOf({ parts }: Pick<Compressor, 'parts'>, name: string, technique: string): Part {
  const part = parts.find((one) => one.name === name);
  if (part) return part;
  throw new EngineError(
    'InvalidSettings',
    `${technique} can't compress ${name}; it can compress: ${parts.map((one) => one.name).join(', ')}`,
  );
}

/** Returns the units that a ratio of a part's own cost buys. */
export const unitsOf = (
  { unitsAtOne, full }: Part,
  ratio: number,
  { multiplicity, minimum }: Pick<Method, 'multiplicity' | 'minimum'>,
): number =>
  unitsFor(ratio, unitsAtOne, 1, full, {
    multiplicity: multiplicity === 'auto' ? 1 : multiplicity,
    minimum,
  });
