/** The engine as a library of its own: ONNX graphs, compression, evaluation; nothing here knows Temporal. */
export { EngineError, type EngineErrorCode } from './errors';
export { Dataset, type Labels } from './data/dataset';
export type { DatasetSource } from './data/source';
export { classFolders, type LabelledFile, type Listing, unlabelled } from './data/images/labelled-files';
export { classesIn, listedImages } from './data/images/label-lists';
export {
  packImages,
  type Packed,
  type PackedFiles,
  type PackOptions,
  type WatchingPack,
} from './data/images/pack-images';
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
export { compressModel, type Watching } from './api/compress-model';
export type { CompressOptions } from './api/compress-options';
export type { CompressedLayer, CompressReport } from './api/compress-report';
export {
  evaluateModel,
  type EvaluateOptions,
  type EvaluateReport,
  type WatchingEvaluation,
} from './api/evaluate-model';
export { inspectModel, type InspectOptions } from './api/inspect-model';
export { trainModel, type WatchingTraining } from './api/train-model';
export type { TrainOptions } from './api/train-options';
export type { TrainedEpoch, TrainReport } from './api/train-report';
export { JobPool, type PoolSettings } from './pools/thread-pool';
export { describeLinearAlgebra } from './linalg/choose';
export { describeProviders } from './runtime/providers';
export type {
  Errors,
  Evaluation,
  FineTuneSettings,
  Frozen,
  LayerScore,
  LayerScores,
  LayerSummary,
  ModelSummary,
  PartSummary,
  Progress,
} from './jobs/types';
export * from './names';
export type { Curve } from './training/loop/learning-curve';
export type { Retry } from './training/loop/state';
export type {
  DistillationSettings,
  LossName,
  LossSettings,
  OptimizerName,
  OptimizerSettings,
  ScheduleName,
  ScheduleSettings,
  TrainingSettings,
  UpdateSettings,
} from './training/settings';
