import { Dataset } from '../data/dataset';
import type { DatasetSource } from '../data/source';
import type { Graph } from '../onnx/graph';
import { type RandomData, randomData } from '../runtime/feeds';

/** Seeded standard normal inputs of a model's own shape, where no data are given. */
export interface RandomInputs {
  readonly random: { readonly samples: number; readonly seed: number };
}

/** What a job computes on: files, or random inputs. */
export type JobData = DatasetSource | RandomInputs;

/** Random inputs keep what was drawn: the same model is asked again, a part at a time. */
const drawn = new WeakMap<Graph, Map<string, RandomData>>();

/** Opens data for a model. @throws EngineError as Dataset.open and randomData do */
export function openData(graph: Graph, source: JobData, inputSize?: readonly number[]): RandomData {
  if (!('random' in source)) return { data: Dataset.open(source), notes: [] };
  const known = drawn.get(graph) ?? new Map<string, RandomData>();
  drawn.set(graph, known);
  const key = JSON.stringify([source.random, inputSize]);
  const found = known.get(key) ?? randomData(graph, { ...source.random, inputShape: inputSize });
  known.set(key, found);
  return found;
}
