import { Dataset } from '../data/dataset';
import type { DatasetSource } from '../data/source';
import type { InputSize } from '../names';
import type { Graph } from '../onnx/graph';
import { type RandomData, randomData } from '../runtime/feeds';
import { perModel } from './per-model';

/** Seeded standard normal inputs of a model's own shape, used if no data are given. */
export interface RandomInputs {
  readonly random: { readonly samples: number; readonly seed: number };
}

/** Data of a job: files, or random inputs. */
export type JobData = DatasetSource | RandomInputs;

/** Keeps drawn samples: the same model is asked again, once per part. */
const drawn = perModel(
  (graph, random: RandomInputs['random'], inputSize: InputSize | undefined): RandomData =>
    randomData(graph, { ...random, inputShape: inputSize }),
);

/**
 * Opens data for a model.
 * @throws EngineError as `Dataset.open` and `randomData` do
 */
export function openData(graph: Graph, source: JobData, inputSize?: InputSize): RandomData {
  return 'random' in source
    ? drawn(graph, source.random, inputSize)
    : { data: Dataset.open(source), notes: [] };
}
