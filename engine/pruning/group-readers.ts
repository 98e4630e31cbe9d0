import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { jobOf, type RefitJob } from '../reconstruction/refit-jobs';
import type { ReconstructionSamples } from '../reconstruction/samples';
import { siteOf } from '../reconstruction/sites';
import type { ChannelGroup, GroupConsumer } from './group';

/** A weight that reads a group, one of the layers that have it, and its refit or the reason why there is none. */
export interface GroupReader {
  readonly weight: string;
  readonly consumer: GroupConsumer;
  readonly job: RefitJob | string;
}

/** Lists the weights that read a group. @param layers all layers of `graph` */
export function groupReaders(
  graph: Graph,
  layers: readonly Layer[],
  shapes: Shapes,
  { consumers }: ChannelGroup,
  samples: ReconstructionSamples,
): GroupReader[] {
  const byWeight = new Map<string, GroupConsumer[]>();
  for (const consumer of consumers) {
    const { weight } = consumer.layer;
    byWeight.set(weight, [...(byWeight.get(weight) ?? []), consumer]);
  }
  return [...byWeight].map(([weight, all]) => {
    const read = all.map(({ layer }) => ({
      layer,
      site: siteOf(graph, layer, shapes),
      index: layers.findIndex(({ node }) => node === layer.node),
    }));
    return { weight, consumer: all[0], job: jobOf(weight, read, new Set(), samples) };
  });
}
