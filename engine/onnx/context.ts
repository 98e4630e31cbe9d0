import type { TensorProto } from './proto/onnx_pb';
import type { Shape } from './dims';

/** What a graph knows beside its protobuf message; copies and parts of the graph know it too. */
export interface GraphContext {
  /** Sizes to assume for inputs that the model leaves open, by input: for shapes and costs alone. */
  readonly inputSizes?: ReadonlyMap<string, readonly number[]>;
  /** Shapes, as a run of the model showed them, of values that operators without a rule compute. */
  readonly measuredShapes?: ReadonlyMap<string, Shape>;
  /** What was float16 before the graph was widened, and becomes it again when saved. */
  readonly halves?: Halves;
  /** Initializers that are copies of others, which the model shares by Identity, and those as they were then. */
  readonly copies?: ReadonlyMap<TensorProto, TensorProto>;
  /** Whether the model came with its weights in files of their own. */
  readonly external?: boolean;
  /** The files beside the model's own that weights were found in, by absolute paths. */
  readonly dataFiles?: readonly string[];
  /** What was left as it is, and why, in sentences for people. */
  readonly notes: readonly string[];
}

/** The values of a widened graph that are float16 in the model, by name. */
export interface Halves {
  /** Inputs, initializers and computed values. */
  readonly values: ReadonlySet<string>;
  /** Initializers among them that the model widens itself by a Cast, which the graph has no more. */
  readonly cast: ReadonlySet<string>;
  /** Values that are float32 in the model. */
  readonly single: ReadonlySet<string>;
}
