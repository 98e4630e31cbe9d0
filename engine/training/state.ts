import type { Graph } from '../onnx/graph';
import type { Tensor } from '../tensor/tensor';
import { pack, unpack } from './parameters';
import type { Retry } from './retries';
import { names, type TrainingStep } from './step';

/** Flat float32 vectors by name: parameters, running statistics, and what the optimizer keeps. */
export type Vectors = Readonly<Record<string, Float32Array>>;

/** A vector that a step takes and gives anew. */
export interface StateVector {
  /** What a checkpoint calls it. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly size: number;
  /** What training begins with. */
  readonly initial: (graph: Graph) => Float32Array;
}

/** All that changes from step to step, a row a vector; those of no elements are left out. */
export function vectorsOf({ parameters, statistics }: TrainingStep): StateVector[] {
  const { size } = parameters;
  const rows: StateVector[] = [
    {
      ...{ name: 'parameters', input: names.parameters, output: names.nextParameters, size },
      initial: (graph) => pack(graph, parameters),
    },
    {
      ...{ name: 'momenta', input: names.momenta, output: names.nextMomenta, size },
      initial: () => new Float32Array(size),
    },
    {
      ...{ name: 'statistics', input: names.statistics, output: names.nextStatistics, size: statistics.size },
      initial: (graph) => pack(graph, statistics),
    },
  ];
  return rows.filter((row) => row.size > 0);
}

/** The model's tensors, by initializer, that training would end with in a state. */
export function valuesOf(step: TrainingStep, vectors: Vectors): Map<string, Tensor> {
  const none = new Float32Array();
  return new Map([
    ...unpack(step.parameters, vectors.parameters),
    ...unpack(step.statistics, vectors.statistics ?? none),
  ]);
}

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
  /** Where batches are computed in pieces: images of a piece, and the step since which. */
  readonly microBatch?: { readonly size: number; readonly since: number };
}

/** The metric after an epoch, in points; epoch 0 is the model as it was given. */
export interface EpochEvaluation {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

/** The state before the first step. */
export function initialState(graph: Graph, step: TrainingStep, microBatch?: number): TrainingState {
  const vectors = Object.fromEntries(
    vectorsOf(step).map(({ name, initial }) => [name, initial(graph)] as const),
  );
  const begin = { step: 0, vectors };
  return {
    ...begin,
    ...{ losses: [], good: begin, retries: [], evaluations: [] },
    microBatch: microBatch === undefined ? undefined : { size: microBatch, since: 0 },
  };
}
