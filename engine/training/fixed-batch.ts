import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { fixedBatch } from '../runtime/batch-size';
import type { TrainingSettings } from './settings';

/**
 * Finds the only batch that a model, or its teacher, takes; undefined if it is open.
 * @throws EngineError `UnsupportedModel` if batches of the settings can't be put together from such
 */
export function fixedBatchOf(
  data: Dataset,
  { batch }: Pick<TrainingSettings, 'batch'>,
  ...graphs: readonly (Graph | undefined)[]
): number | undefined {
  const sizes = graphs.flatMap((graph) => (graph && fixedBatch(graph, data.inputs)) ?? []);
  const [fixed] = sizes;
  if (fixed === undefined) return undefined;
  const fits = sizes.every((size) => size === fixed) && batch % fixed === 0 && data.length % fixed === 0;
  if (fits) return fixed;
  throw new EngineError(
    'UnsupportedModel',
    `the model takes batches of exactly ${sizes.join(' and ')}, of which neither ${data.length} training samples nor a batch of ${batch} can be made: ` +
      'take multiples of it (range, batch), or export the model with an open batch',
  );
}
