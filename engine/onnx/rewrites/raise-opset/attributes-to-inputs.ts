import { toHalves } from '../../../tensor/float16';
import { floats, int64s, type Tensor } from '../../../tensor/tensor';
import type { Node } from '../../graph';
import { floatOf, intOf, intsOf } from '../../node-attributes';
import { typeOf } from '../../tensor-proto';
import { appendInputs, dropAttribute, type Raise, type Raising } from './rule';

/** A number as a scalar of the type that a node's first input has. */
function scalarLike(node: Node, value: number, raising: Raising): Tensor {
  const type = typeOf(raising.typeOf(node.input[0]));
  if (type === 'float64') return { type, dims: [], data: Float64Array.of(value) };
  if (type === 'float16') return { type, dims: [], data: toHalves(Float32Array.of(value)) };
  if (type !== 'float32') raising.refuse('its input is not of floats');
  return floats([], [value]);
}

/** Makes a constant of a list of integers, if the node has it, and takes the attribute away. */
function listOf(node: Node, name: string, raising: Raising): string | undefined {
  const values = intsOf(node, name);
  dropAttribute(node, name);
  return values && raising.constant(int64s(values));
}

/** Makes a constant of a float, if the node has it, and takes the attribute away. */
function floatInput(node: Node, name: string, raising: Raising): string | undefined {
  const value = floatOf(node, name, 0);
  return dropAttribute(node, name) ? raising.constant(scalarLike(node, value, raising)) : undefined;
}

/** Clip 6: `min` and `max`. */
export const clip: Raise = (node, raising) =>
  appendInputs(node, [floatInput(node, 'min', raising), floatInput(node, 'max', raising)]);

/** Pad 2: `pads` and `value`. */
export const pad: Raise = (node, raising) => {
  const pads = listOf(node, 'pads', raising) ?? raising.refuse('it has no pads');
  appendInputs(node, [pads, floatInput(node, 'value', raising)]);
};

/** Slice 1: `starts`, `ends` and `axes`. */
export const slice: Raise = (node, raising) => {
  if (raising.from >= 10) return;
  const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => listOf(node, name, raising));
  appendInputs(node, [starts, ends, axes]);
};

/** TopK 1: `k`. */
export const topK: Raise = (node, raising) => {
  if (raising.from >= 10) return;
  const k = intOf(node, 'k', 1);
  dropAttribute(node, 'k');
  appendInputs(node, [raising.constant(int64s([k]))]);
};
