import type { Graph } from '../../onnx/graph';
import type { TrainingStep } from '../step/step';
import { initialVectors, type Vectors } from '../parameters/vectors';

/** Where training stood after some step. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  readonly vectors: Vectors;
}

/** The state that judged best so far. */
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
  /** The setting `learningRate` until then, and from there on. */
  readonly from: number;
  readonly to: number;
  /** What diverged, as the end of a sentence. */
  readonly why: string;
}

/**
 * Everything that training goes on from. There is no random state beyond `step`: whatever is drawn is a function of
 * seed and step.
 */
export interface TrainingState extends Snapshot {
  /** The loss of each step done; it grows in place. */
  readonly losses: number[];
  /** Where training goes back to when the loss diverges. */
  readonly good: Snapshot;
  readonly retries: readonly Retry[];
  /** The metric after each epoch that was judged. */
  readonly evaluations: readonly EpochEvaluation[];
  readonly best?: Best;
  /** Where batches are computed in pieces. */
  readonly microBatch?: Pieces;
}

/** How batches are computed in pieces. */
export interface Pieces {
  /** Images of a piece. */
  readonly size: number;
  /** The step since which. */
  readonly since: number;
  /** Where a batch was not tried because it would not have fit: the MiB that it was taken to need, and those there were. */
  readonly foreseen?: { readonly needed: number; readonly free: number };
}

/** The metric after an epoch, in points; epoch 0 is the model as it was given. */
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
