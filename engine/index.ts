/** The engine as a library of its own: ONNX graphs, compression, evaluation; nothing here knows Temporal. */
export { EngineError, type EngineErrorCode } from './errors';
export { Dataset, type Labels } from './data/dataset';
export type { DatasetSource } from './data/source';
export { classFolders, type LabelledFile, type Listing, unlabelled } from './data/images/labelled-files';
export { classesIn, listedImages } from './data/images/label-lists';
export { packImages, type Packed, type PackedFiles, type PackOptions } from './data/images/pack-images';
export { type Subset, subsetOf } from './data/images/subset';
export { metricNames, type MetricName } from './data/metric';
export { writeNpy } from './data/npy';
export { historyOf, metadataOf, type Step } from './onnx/metadata';
export { loadModel, needsFile, saveModel, type SaveOptions } from './onnx/model';
export { openModel, type OpenOptions } from './onnx/open-model';
export type { InputSize } from './onnx/input-size';
export { Graph } from './onnx/graph';
export { layersOf, macsOf, paramsOf, sharedWeights, uncountedLayers } from './onnx/layers';
export { inferShapes, unknownOperators } from './onnx/shapes';
export { analyze } from './jobs/analyze';
export {
  compressModel,
  type CompressedLayer,
  type CompressOptions,
  type CompressReport,
  type Watching,
} from './api/compress-model';
export {
  trainModel,
  type TrainedEpoch,
  type TrainOptions,
  type TrainReport,
  type WatchingTraining,
} from './api/train-model';
export { JobPool } from './pools/thread-pool';
export { JobProcessError } from './pools/process-error';
export { ProcessPool } from './pools/process-pool';
export { describeLinearAlgebra } from './linalg/choose';
export { describeProviders } from './runtime/providers';
export * from './names';
export type * from './jobs/types';
