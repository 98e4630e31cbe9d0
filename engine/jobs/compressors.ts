import type { Graph } from '../onnx/graph';
import type { Teacher } from '../reconstruction/refit-targets';
import type { Compressor } from './compressor';
import type { JobData } from './open-data';
import type { JobContext } from './job-context';
import type { Method, Reconstruction, Selecting } from '../names';
import { pruningCompressor } from './pruning-compressor';
import { svdCompressor } from './svd-compressor';
import type { Tools } from './backends';
import type { Checkpointing } from './types';

/** What a technique may need to compress a model with. */
export interface Means {
  /** How messages call the model. */
  readonly model: string;
  readonly method: Method;
  readonly tools: Tools;
  readonly context: JobContext;
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  /** Channels to remove by hand, by part. */
  readonly selection?: Pick<Selecting, 'channels'>;
  /** Where refitted layers are kept. */
  readonly checkpointing?: Checkpointing;
  /** Channel pruning: the model whose layers are refitted to, where that is not the one to compress. */
  readonly teacher?: Teacher;
  /** Where the factors of a part are to be written (one file), or lie already (a file a part). */
  readonly factors?: string | Readonly<Record<string, string>>;
}

/** The model as the method's technique sees it. @throws EngineError `InvalidSettings`, `UnsupportedModel` */
export const compressorOf = async (graph: Graph, means: Means): Promise<Compressor> =>
  means.method.technique === 'channel-pruning'
    ? pruningCompressor(graph, means)
    : svdCompressor(graph, means);
