import type { Graph } from '../../onnx/graph';
import type { Tensor } from '../../tensor/tensor';
import { type Layout, pack, unpack } from './parameters';

/** A flat float32 vector that a training step takes and gives anew. */
export interface StateVector {
  /** What a checkpoint calls it. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** Which tensors lie in it; those of an optimizer's state lie where their parameters do. */
  readonly layout: Layout;
  readonly size: number;
  /** What training begins with. */
  readonly initial: (graph: Graph) => Float32Array;
}

/** Flat vectors by name. */
export type Vectors = Readonly<Record<string, Float32Array>>;

export const inputOf = (vector: string): string => `training/${vector}`;
export const outputOf = (vector: string): string => `training/next_${vector}`;

/** The average that training with `ema` keeps of a vector. */
export const averageOf = (vector: string): string => `average of ${vector}`;

/** A vector that begins with the graph's own values, or with zeros. */
export const vectorOf = (name: string, layout: Layout, begins: 'values' | 'zeros'): StateVector => ({
  name,
  layout,
  size: layout.size,
  input: inputOf(name),
  output: outputOf(name),
  initial: (graph) => (begins === 'values' ? pack(graph, layout) : new Float32Array(layout.size)),
});

/** The vectors before the first step. */
export const initialVectors = (vectors: readonly StateVector[], graph: Graph): Vectors =>
  Object.fromEntries(vectors.map(({ name, initial }) => [name, initial(graph)]));

/** The model's tensors by initializer that training ends with: those of the averages where there are any. */
export function valuesOf(vectors: readonly StateVector[], values: Vectors): Map<string, Tensor> {
  const own = vectors.filter(({ name }) => ['parameters', 'statistics'].includes(name));
  return new Map(
    own.flatMap(({ name, layout }) => [...unpack(layout, values[averageOf(name)] ?? values[name])]),
  );
}
