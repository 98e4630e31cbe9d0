import type { Graph } from '../onnx/graph';
import type { ChannelGroup } from '../pruning/group';
import { channelImportance } from '../pruning/importance';
import { eachGradient } from '../training/sensitivity';
import type { Means } from './compressor';
import { openData } from './open-data';

/** Images over which a gradient is averaged. */
const batch = 32;

/**
 * Computes the first-order Taylor importance of the channels of groups (Molchanov et al. 2019, "Importance Estimation
 * for Neural Network Pruning"): (Σ w·g)² over all weights that read a channel, with g a batch's gradient, averaged over
 * the batches of the reconstruction samples. Without labels the loss uses the classes that the model itself predicts.
 * @throws EngineError `UnsupportedModel` if an operator on the way has no gradient
 */
export async function taylorOf(
  graph: Graph,
  groups: readonly ChannelGroup[],
  { method, tools, train, reconstruction, context }: Means,
): Promise<Float64Array[]> {
  const { data } = openData(graph, train, method.inputSize);
  try {
    const weights = groups.flatMap(({ consumers }) => consumers.map(({ layer }) => layer.weight));
    const sums = groups.map(({ channels }) => new Float64Array(channels));
    await eachGradient(
      graph,
      data,
      [...new Set(weights)],
      {
        samples: reconstruction.samples,
        seed: reconstruction.seed,
        batch,
        labels: data.labelled,
        threads: tools.threads,
        onBatch: () => context.checkStop(),
        sources: { images: data.name, labels: data.name },
      },
      (gradients) =>
        groups.forEach((group, at) =>
          channelImportance(graph, group, 'taylor', gradients).forEach(
            (value, channel) => (sums[at][channel] += value ** 2),
          ),
        ),
    );
    return sums;
  } finally {
    data.close();
  }
}
