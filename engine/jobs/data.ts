import { Dataset, type DatasetSource } from '../data/dataset';
import type { Graph } from '../onnx/graph';
import { randomData } from '../runtime/feeds';

/** Seeded standard normal inputs of a model's own shape, where no data are given. */
export interface RandomInputs {
  readonly random: { readonly samples: number; readonly seed: number };
}

/** What a job computes on: files, or random inputs. */
export type JobData = DatasetSource | RandomInputs;

/** What was opened, and sentences on what was chosen for the model. */
export interface OpenedData {
  readonly data: Dataset;
  readonly notes: readonly string[];
}

/** Opens data for a model. @throws EngineError as Dataset.open and randomData do */
export const openData = (graph: Graph, source: JobData, inputSize?: readonly number[]): OpenedData =>
  'random' in source
    ? randomData(graph, { ...source.random, inputShape: inputSize })
    : { data: Dataset.open(source), notes: [] };
