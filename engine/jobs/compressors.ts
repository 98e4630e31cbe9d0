import type { Graph } from '../onnx/graph';
import type { Method, Technique } from '../names';
import type { Compressor, Means } from './compressor';
import { pruningCompressor, pruningParts } from './pruning-compressor';
import { svdCompressor, svdParts } from './svd-compressor';

/** Implementation of a technique. */
interface Implementation {
  /** Lists the parts of a model that it can compress, and the layers that it has to leave alone. */
  readonly parts: (graph: Graph, method: Method) => Pick<Compressor, 'parts' | 'frozen'>;
  readonly compressor: (graph: Graph, means: Means) => Compressor;
}
const svd: Implementation = { parts: svdParts, compressor: svdCompressor };
const implementations: Readonly<Record<Technique, Implementation>> = {
  'spatial-svd': svd,
  'weight-svd': svd,
  'channel-pruning': { parts: pruningParts, compressor: pruningCompressor },
};

/** Lists the parts of a model that the method's technique can compress, and the layers that it has to leave alone. */
export const partsBy = (graph: Graph, method: Method): Pick<Compressor, 'parts' | 'frozen'> =>
  implementations[method.technique].parts(graph, method);

/**
 * Creates the compressor of the method's technique for a model.
 * @throws EngineError `InvalidSettings`, `UnsupportedModel`
 */
export const compressorOf = async (graph: Graph, means: Means): Promise<Compressor> =>
  implementations[means.method.technique].compressor(graph, means);
