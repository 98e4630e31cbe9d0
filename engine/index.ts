/**
 * The engine as a library of its own: ONNX graphs, compression, training, evaluation; nothing here knows Temporal.
 * @module slimflow/engine
 */
export { EngineError, type EngineErrorCode } from './errors';
export { type Batch, Dataset, type Labels, type ReadBatch } from './data/dataset';
export type { DatasetSource, Normalization, RandomInput, RandomSource } from './data/source';
export { classFolders, type LabelledFile, type Listing, unlabelled } from './data/images/labelled-files';
export { classesIn, listedImages } from './data/images/label-lists';
export { packData, type WatchingData } from './data/sources/pack-data';
export type { SampleModule, UserData, UserSample } from './data/sources/user-data';
export {
  type ChannelOrder,
  channelOrders,
  type Letterbox,
  type Placement,
  placementOf,
  type Transform,
} from './data/images/transform';
export { packImages, type PackOptions, type WatchingPack } from './data/images/pack-images';
export type { Packed, PackedFiles } from './data/images/write-samples';
export { type Subset, subsetOf } from './data/images/subset';
export type { Boxes, Detections, LabelledBoxes } from './data/detection/boxes';
export { type ClassQuality, CocoMap, type DetectionQuality } from './data/detection/coco-map';
export { type DecoderName, detect, type DetectorSettings, type SettingsOf } from './data/detection/decoders';
export type { AnchorLevel, DeltaSettings } from './data/detection/decoders/anchors';
export type { QuerySettings } from './data/detection/decoders/detr';
export { type FinishedSettings, type Role, roles } from './data/detection/decoders/finished';
export type { Common, Frame, Outputs } from './data/detection/decoders/rule';
export type { AnchorSettings } from './data/detection/decoders/yolov5';
export type { GridSettings } from './data/detection/decoders/yolox';
export { readCocoBoxes } from './data/detection/labels/coco-json';
export {
  boxesOfRows,
  type BoxLabels,
  boxRows,
  placed,
  type SourceBoxes,
} from './data/detection/labels/source-boxes';
export { readYoloBoxes } from './data/detection/labels/yolo-text';
export type { Details } from './data/judge';
export type { JudgedSample, SampleOutputs, UserMetric } from './data/user-metric';
export { decoderNames, type DetectorMetric, metricNames, type MetricChoice, type MetricName } from './names';
export { writeNpy } from './data/npy';
export { historyOf, metadataOf, type Step } from './onnx/metadata';
export { loadModel, needsFile, saveModel, type SaveOptions } from './onnx/model';
export type { Span } from './onnx/external-data';
export type { Window } from './onnx/window';
export { openModel, type OpenOptions } from './onnx/open-model';
export type { InputSize } from './onnx/input-size';
export type { GraphContext, Halves } from './onnx/context';
export type { Dim, Shape } from './onnx/dims';
export { Graph, type ValueInfo } from './onnx/graph';
export {
  type Layer,
  layersOf,
  macsOf,
  paramsOf,
  type SampleCount,
  sharedWeights,
  type UncountedLayer,
  uncountedLayers,
} from './onnx/layers';
/** ONNX's own messages, which a `Graph` is a view of. */
export type * as onnx from './onnx/proto/onnx_pb';
export {
  inferShapes,
  type InferOptions,
  type Shapes,
  type UnknownOperator,
  unknownOperators,
} from './onnx/shapes';
export type { ElementType, Tensor, TensorData } from './tensor/tensor';
export { compressModel, type Watching } from './api/compress-model';
export type { CompressOptions } from './api/compress-options';
export type { CompressedLayer, CompressReport } from './api/compress-report';
export type { Speed } from './runtime/timing';
export {
  evaluateModel,
  type EvaluateOptions,
  type EvaluateReport,
  type WatchingEvaluation,
} from './api/evaluate-model';
export { inspectModel, type InspectOptions } from './api/inspect-model';
export { inspectData, type DataReport, type InspectDataOptions } from './api/inspect-data';
export type { DataFinding } from './api/data-mistakes';
export type { LabelStatistics, SplitStatistics } from './data/statistics';
export { trainModel, type WatchingTraining } from './api/train-model';
export type { TrainOptions } from './api/train-options';
export type { TrainedEpoch, TrainReport } from './api/train-report';
export type { RandomInputs } from './jobs/open-data';
export { JobPool, type PoolSettings } from './pools/thread-pool';
export { describeLinearAlgebra, type LinearAlgebraDescription } from './linalg/choose';
export { describeProviders, type ProviderReport, type ProviderState } from './runtime/providers';
export type { Augmentation } from './training/batches/augment';
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
  Goal,
  Rehearsal,
} from './jobs/types';
export * from './names';
export type { OtherWork } from './onnx/other-work';
export type { Curve } from './training/loop/learning-curve';
export type { Retry } from './training/loop/state';
export {
  type DistillationSettings,
  type LossName,
  lossNames,
  type LossSettings,
  type OptimizerName,
  optimizerNames,
  type OptimizerSettings,
  type ScheduleName,
  scheduleNames,
  type ScheduleSettings,
  type TrainingSettings,
  type UpdateSettings,
} from './training/settings';
