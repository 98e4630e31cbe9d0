import type { TensorProto, ValueInfoProto } from './proto/onnx_pb';
import type { Shape } from './dims';

/** Facts about a graph that its protobuf message does not hold; copies and parts of the graph share them. */
export interface GraphContext {
  /** Sizes to assume for inputs that the model leaves open, by input: only for shapes and costs. */
  readonly inputSizes?: ReadonlyMap<string, readonly number[]>;
  /** Shapes, measured by running the model, of values that operators without a rule compute. */
  readonly measuredShapes?: ReadonlyMap<string, Shape>;
  /** Values that were float16 before the graph was widened, and become it again when saved. */
  readonly halves?: Halves;
  /** Initializers that are copies of others, which the model shares by Identity, and the originals at that time. */
  readonly copies?: ReadonlyMap<TensorProto, TensorProto>;
  /** Inputs and outputs as the file declares them, of a model whose batch was opened or added. */
  readonly fixedInterface?: { readonly input: ValueInfoProto[]; readonly output: ValueInfoProto[] };
  /** The image input of a model that takes one image without a batch, which was given a batch of 1. */
  readonly unbatched?: string;
  /** True if the model's weights came in separate files. */
  readonly external?: boolean;
  /** Absolute paths of the files, besides the model's own, that hold weights. */
  readonly dataFiles?: readonly string[];
  /** Sentences for people about what was left unchanged, and why. */
  readonly notes: readonly string[];
}

/** Values of a widened graph that are float16 in the model, by name. */
export interface Halves {
  /** Inputs, initializers and computed values. */
  readonly values: ReadonlySet<string>;
  /** Initializers among them that the model itself widens by a Cast, which the graph no longer has. */
  readonly cast: ReadonlySet<string>;
  /** Values that are float32 in the model. */
  readonly single: ReadonlySet<string>;
}
