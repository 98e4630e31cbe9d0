import type { Graph } from '../../onnx/graph';
import type { Tensor } from '../../tensor/tensor';
import { type Layout, pack, unpack } from './parameters';

/** A flat float32 vector that a training step reads and replaces. */
export interface StateVector {
  /** Its name in a checkpoint. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** The tensors in it; those of an optimizer's state are laid out like their parameters. */
  readonly layout: Layout;
  readonly size: number;
  /** Makes the values that training begins with. */
  readonly initial: (graph: Graph) => Float32Array;
}

/** Flat vectors by name. */
export type Vectors = Readonly<Record<string, Float32Array>>;

/** Name of the step model's input for a vector. */
export const inputOf = (vector: string): string => `training/${vector}`;
/** Name of the step model's output for a vector. */
export const outputOf = (vector: string): string => `training/next_${vector}`;

/** Name of the average that training with `ema` keeps of a vector. */
export const averageOf = (vector: string): string => `average of ${vector}`;

/** Makes a vector that begins with the graph's own values, or with zeros. */
export const vectorOf = (name: string, layout: Layout, begins: 'values' | 'zeros'): StateVector => ({
  name,
  layout,
  size: layout.size,
  input: inputOf(name),
  output: outputOf(name),
  initial: (graph) => (begins === 'values' ? pack(graph, layout) : new Float32Array(layout.size)),
});

/** Makes the vectors before the first step. */
export const initialVectors = (vectors: readonly StateVector[], graph: Graph): Vectors =>
  Object.fromEntries(vectors.map(({ name, initial }) => [name, initial(graph)]));

/** Returns the model's tensors by initializer at the end of training: those of the averages if there are any. */
export function valuesOf(vectors: readonly StateVector[], values: Vectors): Map<string, Tensor> {
  const own = vectors.filter(({ name }) => ['parameters', 'statistics'].includes(name));
  return new Map(
    own.flatMap(({ name, layout }) => [...unpack(layout, values[averageOf(name)] ?? values[name])]),
  );
}
