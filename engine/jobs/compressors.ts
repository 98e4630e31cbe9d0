import type { Graph } from '../onnx/graph';
import type { Compressor, Means } from './compressor';
import { pruningCompressor } from './pruning-compressor';
import { svdCompressor } from './svd-compressor';

/** The model as the method's technique sees it. @throws EngineError `InvalidSettings`, `UnsupportedModel` */
export const compressorOf = async (graph: Graph, means: Means): Promise<Compressor> =>
  means.method.technique === 'channel-pruning'
    ? pruningCompressor(graph, means)
    : svdCompressor(graph, means);
