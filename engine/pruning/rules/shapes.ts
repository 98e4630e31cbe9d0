import { intOf, intsOf, setAttribute, stringOf } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { type Dim, fromStart } from '../../onnx/dims';
import { shapeEdit, type ShapeEntry, shapeEntries } from '../edits';
import { type Labels, reshapeLabels } from '../labels';
import type { Rule, Scope } from './scope';

/** Flatten, Squeeze, Unsqueeze: the same elements in another shape, which follows from the input's. */
export const reshaped: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const [input, output] = [scope.shape(node.input[0]), scope.shape(node.output[0])];
  if (!own || !input || !output) return own ? 'its shapes are not known' : [undefined];
  const labels = reshapeLabels(input, output, own, scope.atoms, isNormalized(node, scope) ? 1 : undefined);
  return typeof labels === 'string' ? labels : [labels];
};

/**
 * Tells if parts of channels are normalized next, each separately: group normalization as exporters write it, [N, C, …]
 * → [N, G, …] → InstanceNormalization. Whole parts can then be removed.
 */
function isNormalized(node: Node, { graph }: Scope): boolean {
  const readers = graph.uses(node.output[0]);
  return (
    readers.length > 0 && readers.every(({ opType, domain }) => opType === 'InstanceNormalization' && !domain)
  );
}

/** Reshape: labels follow the elements; the target shape is rewritten if it counts channels. */
export const reshape: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  if (!own) return [undefined];
  const outcome = reshaped(node, scope);
  return typeof outcome === 'string' ? outcome : (literalReshape(node, scope, own, outcome[0]) ?? outcome);
};

/** Replaces the shape of a Reshape by an equal one that counts its channels; says why if there is none. */
export function literalReshape(
  node: Node,
  scope: Scope,
  input: Labels | undefined,
  output: Labels | undefined,
): string | undefined {
  const [before, after] = [scope.certainShape(node.input[0]), scope.certainShape(node.output[0])];
  const given = scope.certainVector(node.input[1]);
  if (!after || given?.length !== after.length) return 'its output shape is not known';
  const channels = output && typeof after[output.axis] === 'number' ? output : undefined;
  // An open channel count is inferred (-1) if it is divided, as in a flattened image.
  if (output && !channels && given[output.axis] !== -1)
    return 'its number of output channels depends on the input size';
  let rest = given.includes(-1) && typeof after[given.indexOf(-1)] !== 'number';
  const entries = shapeEntries(after, channels, (axis) => {
    if (given[axis] === -1) return -1;
    const sameAxis = typeof after[axis] === 'string' && before?.[axis] === after[axis];
    if ((given[axis] === 0 || sameAxis) && input?.axis !== axis) return 0;
    if (rest) return isSize(scope.vector(node.input[1])![axis]) ? { piece: axis } : undefined;
    rest = true;
    return -1;
  });
  if (!entries) return 'its shape is computed and cannot be replaced by a constant';
  scope.edit(
    shapeEdit(node, 1, entries, (at) => intOf(at, 'allowzero', 0) && setAttribute(at, 'allowzero', 0)),
  );
  return undefined;
}

/** Tells if an entry of a shape is a size: a symbol, or a number other than 0 and -1, which have other meanings. */
const isSize = (dim: Dim): boolean => typeof dim === 'string' || (typeof dim === 'number' && dim > 0);

/** Expand along axes without channels; a constant scalar becomes a tensor of which any channel can be removed. */
export const expand: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const rank = scope.shape(node.input[0])?.length;
  const output = scope.shape(node.output[0]);
  if (!own) return [filled(node, scope, 1)];
  if (rank === undefined || !output) return 'its shapes are not known';
  const labels = { axis: own.axis + output.length - rank, ids: own.ids };
  if (output[labels.axis] !== own.ids.length) return 'it repeats a channel';
  return literalExpand(node, scope, labels) ?? [labels];
};

/** Does as `literalReshape`, for an Expand: 1 stands for a size that stays. */
export function literalExpand(node: Node, scope: Scope, output: Labels | undefined): string | undefined {
  const [given, sizes] = [scope.certainVector(node.input[1]), scope.vector(node.input[1])];
  if (!given || !sizes) return 'its output shape is not known';
  const offset = (scope.shape(node.output[0])?.length ?? given.length) - given.length;
  const entries = given.map((dim, at): ShapeEntry | undefined =>
    at + offset === output?.axis ? 1 : typeof dim === 'number' ? dim : pieceOf(sizes, at),
  );
  if (!entries.every((entry) => entry !== undefined))
    return 'its shape is computed and cannot be replaced by a constant';
  scope.edit(withIds(shapeEdit(node, 1, entries), output?.ids));
  return undefined;
}

/** Returns an entry that is still computed; undefined if nothing is known about it. */
const pieceOf = (sizes: readonly Dim[], at: number): ShapeEntry | undefined =>
  sizes[at] === undefined ? undefined : { piece: at };

const withIds = (edit: ReturnType<typeof shapeEdit>, ids: Int32Array | undefined) =>
  ids ? { ...edit, ids: [...edit.ids, ids] } : edit;

/** Resize: each channel by itself; its sizes are rewritten if they count channels. */
export const resize: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  if (!own) return [undefined];
  const rank = scope.shape(node.input[0])?.length;
  if (rank === undefined || stringOf(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    return 'its size is not known';
  const axes = intsOf(node, 'axes')?.map((axis) => fromStart(axis, rank));
  const at = axes ? axes.indexOf(own.axis) : own.axis;
  if (at < 0) return [own];
  const scales = node.opType === 'Upsample' ? node.input[1] : node.input[2];
  if (node.input[3]) return literalSizes(node, scope, own, at) ?? [own];
  return scope.vector(scales)?.[at] === 1 ? [own] : 'it resizes the channel axis';
};

function literalSizes(node: Node, scope: Scope, own: Labels, at: number): string | undefined {
  const sizes = scope.vector(node.input[3]);
  if (!sizes) return 'its size is not known';
  if (sizes[at] !== own.ids.length) return 'it resizes the channel axis';
  const entries = shapeEntries(scope.certainVector(node.input[3])!, { axis: at, ids: own.ids }, (axis) =>
    pieceOf(sizes, axis),
  );
  if (!entries) return 'its sizes are computed and cannot be replaced by constants';
  scope.edit(shapeEdit(node, 3, entries));
  return undefined;
}

/** Makes a constant tensor of a given shape, whose channels (axis 1) may become fewer. */
export const constantOfShape: Rule = (node, scope) => [filled(node, scope, 0)];

function filled(node: Node, scope: Scope, index: number): Labels | undefined {
  const dims = scope.vector(node.input[index]);
  const count = dims?.[1];
  const scalar = index === 0 || scope.graph.constant(node.input[0])?.data.length === 1;
  if (!scalar || !dims || typeof count !== 'number' || count < 1) return undefined;
  const labels = { axis: 1, ids: scope.atoms.fresh(count) };
  const entries = shapeEntries(scope.certainVector(node.input[index])!, labels, (axis) =>
    pieceOf(dims, axis),
  );
  if (!entries || scope.shape(node.output[0])?.length !== dims.length) return undefined;
  scope.edit(shapeEdit(node, index, entries));
  return labels;
}

/** Tile along axes without channels. */
export const tile: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  if (!own) return [undefined];
  return scope.vector(node.input[1])?.[own.axis] === 1 ? [own] : 'it repeats channels';
};

/** DepthToSpace: the block² channels that become one are tied. */
export const depthToSpace: Rule = (node, scope) => {
  const ids = scope.along(node.input[0], 1);
  if (typeof ids === 'string') return ids;
  const area = intOf(node, 'blocksize', 1) ** 2;
  const count = ids.length / area;
  if (!Number.isSafeInteger(count)) return `${area} positions do not divide ${ids.length} channels`;
  const first = stringOf(node, 'mode', 'DCR') === 'CRD';
  const channelOf = (at: number) => (first ? Math.floor(at / area) : at % count);
  const out = Int32Array.from({ length: count }, (_, channel) => ids[first ? channel * area : channel]);
  ids.forEach((id, at) => scope.atoms.unite(id, out[channelOf(at)]));
  return [{ axis: 1, ids: out }];
};

/** SpaceToDepth: block² copies of the channels, one per position. */
export const spaceToDepth: Rule = (node, scope) => {
  const ids = scope.along(node.input[0], 1);
  if (typeof ids === 'string') return ids;
  const area = intOf(node, 'blocksize', 1) ** 2;
  scope.atoms.claim(ids.length * area);
  return [{ axis: 1, ids: Int32Array.from({ length: ids.length * area }, (_, at) => ids[at % ids.length]) }];
};
