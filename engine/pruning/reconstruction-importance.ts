import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { LayerFit } from '../reconstruction/layer-fit';
import type { ReconstructionSamples } from '../reconstruction/samples';
import type { FloatTensor } from '../tensor/tensor';
import { eliminationOrder, type EliminatedReader } from './elimination-order';
import type { ChannelGroup } from './group';
import { groupReaders } from './group-readers';
import { channelImportance } from './importance';

/**
 * Ranks the channels of a group by what the layers that read them lose without them, once they are refitted
 * (`eliminationOrder`). A group that a layer reads which can't be refitted is ranked by `l2`.
 * @param layers all layers of `graph`
 * @returns importances [channels]
 */
export async function reconstructionImportance(
  graph: Graph,
  layers: readonly Layer[],
  shapes: Shapes,
  group: ChannelGroup,
  samples: ReconstructionSamples,
): Promise<Float64Array> {
  const found = groupReaders(graph, layers, shapes, group, samples);
  const readers = found.flatMap(({ job, ...reader }) =>
    typeof job === 'string' ? [] : [{ ...reader, job }],
  );
  if (readers.length < found.length) return channelImportance(graph, group, 'l2');
  const fits = await LayerFit.gather(
    graph,
    readers.map(({ job }) => ({ layers: job.layers, channels: job.keep })),
    samples,
  );
  const eliminated: EliminatedReader[] = [];
  for (const [at, { weight, consumer, job }] of readers.entries()) {
    const { taps } = job.layers[0].site;
    eliminated.push({
      fits: await fits[at].eliminations(graph.constant(weight) as FloatTensor),
      unknownsOf: (channel) =>
        consumer.positions[channel].flatMap((position) =>
          Array.from({ length: taps }, (_, tap) => position * taps + tap),
        ),
    });
  }
  return eliminationOrder(eliminated, group.channels);
}
