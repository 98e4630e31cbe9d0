import type { Shape } from '../onnx/shapes';
import type { Atoms } from './atoms';

/**
 * Channels of a value: entry i along `axis` belongs to atom `ids[i]`, whatever its other coordinates. Since only one
 * axis is labelled, what is left of a value is always a tensor again.
 */
export interface Labels {
  readonly axis: number;
  readonly ids: Int32Array;
}

/** Axes [from, to) of the input of a Reshape that become axes [from, to) of its output, and no others. */
interface Block {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/**
 * Computes the labels of a value in another shape of the same elements. If an axis is split and labels then vary along
 * several axes, all but the largest of these are united: [g·C] as [g, C] ties channel c of all g parts.
 * @param along the output's axis to keep labels on instead, if they vary along it: [g·C] as [g, C] along g ties the
 * channels of each part
 * @returns a reason in words if the shapes do not say which elements go where
 */
export function reshapeLabels(
  input: Shape,
  output: Shape,
  labels: Labels,
  atoms: Atoms,
  along?: number,
): Labels | string {
  const block = blockOf(input, output, labels.axis);
  const sizes = block && [input.slice(...block.from), output.slice(...block.to)];
  if (!sizes || !sizes.flat().every((dim) => typeof dim === 'number'))
    return `reshapes [${shown(input)}] to [${shown(output)}], through which channels cannot be followed`;
  const [before, after] = sizes as [number[], number[]];
  const inner = before.slice(labels.axis - block.from[0] + 1).reduce((a, b) => a * b, 1);
  const size = before.reduce((a, b) => a * b, 1);
  if (!size || size !== after.reduce((a, b) => a * b, 1)) return 'reshapes to another number of elements';
  atoms.claim(size);
  const count = labels.ids.length;
  const all = Int32Array.from({ length: size }, (_, at) =>
    atoms.find(labels.ids[Math.floor(at / inner) % count]),
  );
  const { axis, ids } = alongOneAxis(
    all,
    after,
    atoms,
    along === undefined ? undefined : along - block.to[0],
  );
  return { axis: block.to[0] + axis, ids };
}

const shown = (dims: Shape) => dims.map((dim) => dim ?? '?').join(', ');

/** Finds the smallest block that contains `axis` and has known ends, matching axes from the front and from the back. */
function blockOf(input: Shape, output: Shape, axis: number): Block | undefined {
  let [front, left] = [0, 0]; // axes of input and output matched from the front
  while (front < input.length && left < output.length) {
    const step = match(input.slice(front), output.slice(left));
    if (!step) break;
    const [i, o] = [front + step[0], left + step[1]];
    if (axis < i) return { from: [front, i], to: [left, o] };
    [front, left] = [i, o];
  }
  let [back, right] = [input.length, output.length];
  while (back > front && right > left) {
    const step = match(input.slice(front, back).reverse(), output.slice(left, right).reverse());
    if (!step) break;
    const [i, o] = [back - step[0], right - step[1]];
    if (axis >= i) return { from: [i, back], to: [o, right] };
    [back, right] = [i, o];
  }
  return axis < back ? { from: [front, back], to: [left, right] } : undefined;
}

/** Counts the leading axes of both shapes that hold the same elements; trailing ones of size 1 go with them. */
function match(a: Shape, b: Shape): [number, number] | undefined {
  if (typeof a[0] === 'string' && a[0] === b[0]) return [1, 1];
  let [i, j] = [0, 0];
  let [x, y] = [1, 1];
  do {
    const takeA = i === 0 || x < y;
    const dim = takeA ? a[i] : b[j];
    if (typeof dim !== 'number') return undefined;
    if (takeA) [i, x] = [i + 1, x * dim];
    else [j, y] = [j + 1, y * dim];
    if (j === 0) {
      if (typeof b[0] !== 'number') return undefined;
      [j, y] = [1, b[0]];
    }
  } while (x !== y);
  while (i < a.length && a[i] === 1 && b[j] !== 1) i++;
  while (j < b.length && b[j] === 1 && a[i] !== 1) j++;
  return [i, j];
}

/**
 * Labels a tensor of atoms along `wanted` if they vary there, or else along the largest axis along which they do; those
 * along other axes are united. If they vary nowhere, the first axis with several entries is labelled.
 */
function alongOneAxis(all: Int32Array, dims: readonly number[], atoms: Atoms, wanted?: number): Labels {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const varies = (axis: number) =>
    all.some((id, at) => {
      const first = at - (Math.floor(at / strides[axis]) % dims[axis]) * strides[axis];
      return id !== all[first];
    });
  const varying = dims.map((_, axis) => axis).filter(varies);
  const largest = varying.reduce((a, b) => (dims[b] > dims[a] ? b : a), varying[0]);
  const first = Math.max(
    0,
    dims.findIndex((size) => size > 1),
  );
  const axis = wanted !== undefined && varying.includes(wanted) ? wanted : (largest ?? first);
  const ids = Int32Array.from({ length: dims[axis] }, (_, at) => all[at * strides[axis]]);
  if (varying.length > 1)
    all.forEach((id, at) => atoms.unite(ids[Math.floor(at / strides[axis]) % dims[axis]], id));
  return { axis, ids };
}
