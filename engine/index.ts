/** The engine as a library of its own: ONNX graphs, compression, evaluation; nothing here knows Temporal. */
export { EngineError, type EngineErrorCode } from './errors';
export { Dataset, type DatasetSource } from './data/dataset';
export { metricNames, type MetricName } from './data/metric';
export { writeNpy } from './data/npy';
export { loadModel, saveModel } from './onnx/model';
export { openModel } from './onnx/prepare';
export { Graph } from './onnx/graph';
export { layersOf, macsOf, paramsOf } from './onnx/layers';
export { analyze } from './jobs/analyze';
export { JobPool } from './jobs/pool';
export type * from './jobs/types';
