import type { Graph } from '../../onnx/graph';
import type { TrainingStep } from '../step/step';
import { initialVectors, type Vectors } from '../parameters/vectors';

/** State of a training after some step. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  readonly vectors: Vectors;
}

/** The best state so far. */
export interface Best extends Snapshot {
  /** Epochs done then. */
  readonly epoch: number;
  /** Its metric, in points. */
  readonly value: number;
}

/** A return to an earlier state with a lower learning rate. */
export interface Retry {
  /** Steps done when the loss was found to diverge. */
  readonly step: number;
  /** Steps done in the state that training went back to; 0 is the model as it was given. */
  readonly backTo: number;
  /** The setting `learningRate` before, and after. */
  readonly from: number;
  readonly to: number;
  /** The reason for it, as the end of a sentence. */
  readonly why: string;
}

/**
 * Everything that training resumes from. There is no random state beyond `step`: whatever is drawn depends only on seed
 * and step.
 */
export interface TrainingState extends Snapshot {
  /** The loss of each step done; grows in place. */
  readonly losses: number[];
  /** State that training goes back to if the loss diverges. */
  readonly good: Snapshot;
  readonly retries: readonly Retry[];
  /** The metric after each epoch that was judged. */
  readonly evaluations: readonly EpochEvaluation[];
  readonly best?: Best;
  /** Set if batches are computed in pieces. */
  readonly microBatch?: Pieces;
}

/** Splitting of batches into pieces. */
export interface Pieces {
  /** Images per piece. */
  readonly size: number;
  /** Step from which on it applies. */
  readonly since: number;
  /** Set if a batch was not tried because it would not have fit: estimated MiB needed, and MiB free. */
  readonly foreseen?: { readonly needed: number; readonly free: number };
}

/** The metric after an epoch, in points; epoch 0 is the given model. */
export interface EpochEvaluation {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

/** The state before the first step. */
export function initialState(
  graph: Graph,
  { vectors }: Pick<TrainingStep, 'vectors'>,
  microBatch?: Omit<Pieces, 'since'>,
): TrainingState {
  const begin = { step: 0, vectors: initialVectors(vectors, graph) };
  return {
    ...begin,
    losses: [],
    good: begin,
    retries: [],
    evaluations: [],
    microBatch: microBatch && { ...microBatch, since: 0 },
  };
}
