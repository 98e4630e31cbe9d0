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

/** What a technique may need to compress a model with. */
export interface Means {
  /** How messages call the model. */
  readonly model: string;
  readonly method: Method;
  readonly tools: Tools;
  readonly context: JobContext;
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  /** Channels to remove by hand, by part. */
  readonly selection?: Pick<Selecting, 'channels'>;
  /** Where refitted layers are kept. */
  readonly checkpointing?: Checkpointing;
  /** Channel pruning: the model whose layers are refitted to, where that is not the one to compress. */
  readonly teacher?: Teacher;
  /** Where the factors of a part are to be written (one file), or lie already (a file a part). */
  readonly factors?: string | Readonly<Record<string, string>>;
}

/** What a technique can compress on its own, and the units (rank, channels) in which it does. */
export interface Part {
  readonly name: string;
  /** The layers whose weights change. */
  readonly layers: readonly Layer[];
  /** The units with which nothing is lost: full rank, all channels. */
  readonly full: number;
  /** The most units that are worth having; with more, the part is better left as it is. */
  readonly most: number;
  /** Units that the part's whole cost would buy, a fraction: what a ratio of its cost is multiplied with. */
  readonly unitsAtOne: number;
}

/** A compressed model, and its equal in the original's shape. */
export interface Compressed {
  readonly graph: Graph;
  /** The original with the low-rank, or masked and refitted, weights in it: what `graph` must compute. */
  readonly equivalent: Graph;
  readonly notes: readonly string[];
  /** Channel pruning: what is left of the layers' outputs, as the teacher or else the model counts them. */
  readonly left?: LeftOutputs;
}

/** A part at any units, as weights of the original's shapes. */
export interface Trials {
  /** The model, equal to the original, whose constants are replaced. */
  readonly graph: Graph;
  readonly constants: readonly string[];
  /** The weights that make it compute what the compressed model will; none where nothing is lost. */
  at(units: number): Promise<Replacements>;
}

/** A model as one technique sees it. */
export interface Compressor {
  readonly parts: readonly Part[];
  /** Layers that it has to leave alone, and why. */
  readonly frozen: readonly Frozen[];
  /** What it takes to try a part, alone, at any units. */
  trials(part: Part): Promise<Trials>;
  /** MACs or parameters of the whole model after a plan, in the order of the parts. */
  readonly costOf: { readonly macs: (plan: Plan) => number; readonly params: (plan: Plan) => number };
  /** The layers that a part touches, each as a graph of its own: as they are (null), or with the part at some units. */
  alone(part: Part, units: number | null): Promise<Graph[]>;
  compress(plan: Plan): Promise<Compressed>;
}

/** The part of that name. @throws EngineError `InvalidSettings` naming those there are */
export function partOf({ parts }: Pick<Compressor, 'parts'>, name: string, technique: string): Part {
  const part = parts.find((one) => one.name === name);
  if (part) return part;
  throw new EngineError(
    'InvalidSettings',
    `${name} is nothing that ${technique} can compress; it can: ${parts.map((one) => one.name).join(', ')}`,
  );
}

/** The units that a ratio of a part's own cost buys. */
export const unitsOf = (
  { unitsAtOne, full }: Part,
  ratio: number,
  { multiplicity, minimum }: Pick<Method, 'multiplicity' | 'minimum'>,
): number => unitsFor(ratio, unitsAtOne, 1, full, { multiplicity, minimum });
