import type { Graph } from '../onnx/graph';
import { fixedBatch, inWholeBatches } from '../runtime/batch-size';
import { ReconstructionSamples } from '../reconstruction/samples';
import type { Means } from './compressor';
import { openData } from './open-data';

/** Does work on the samples that layers are refitted on, whose data are open for as long as it takes. */
export async function withSamples<T>(
  graph: Graph,
  { train, method, reconstruction, tools, context }: Means,
  visit: (samples: ReconstructionSamples) => Promise<T>,
): Promise<T> {
  const { data } = openData(graph, train, method.inputSize);
  try {
    const count = Math.min(reconstruction.samples, data.length);
    const samples = inWholeBatches(count, fixedBatch(graph, data.inputs));
    const settings = { ...reconstruction, samples };
    return await visit(new ReconstructionSamples(data, settings, tools, () => context.checkStop()));
  } finally {
    data.close();
  }
}
