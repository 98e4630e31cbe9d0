import type { Node } from '../../onnx/graph';
import { intOf, setAttribute } from '../../onnx/node-attributes';
import { groupsOf } from '../../onnx/window';
import { type Slot } from '../edits';
import { keyOf } from '../../onnx/layers';
import type { Outcome, Rule, Scope } from './scope';

/** Conv: weight [M, C/groups, …], from channels along axis 1 to channels along axis 1. */
export const conv: Rule = (node, scope) => {
  const dims = weightDims(node, scope);
  if (!dims) return 'its weight is not a constant';
  const groups = groupsOf(node);
  const inputs = scope.along(node.input[0], 1);
  if (typeof inputs === 'string') return inputs;
  if (inputs.length !== dims[1] * groups || dims[0] % groups) return 'its weight does not fit its input';
  const slot = scope.weight(node, 1);
  if (wholeGroups(groups, dims[1])) return passGroups(node, scope, slot, inputs, { groups, axis: 0 });
  scope.bind(slot, 1, tieGroups(scope, inputs, groups));
  scope.bind(slot, 0, slot.axes[0] ?? scope.atoms.fresh(dims[0]));
  tieGroups(scope, slot.axes[0]!, groups);
  return made(node, scope, slot, 1, 0, slot.axes[0]!);
};

/** ConvTranspose: weight [C, M/groups, …]. */
export const convTranspose: Rule = (node, scope) => {
  const dims = weightDims(node, scope);
  if (!dims) return 'its weight is not a constant';
  const groups = groupsOf(node);
  const inputs = scope.along(node.input[0], 1);
  if (typeof inputs === 'string') return inputs;
  if (inputs.length !== dims[0] || inputs.length % groups) return 'its weight does not fit its input';
  const slot = scope.weight(node, 1);
  if (wholeGroups(groups, inputs.length / groups)) {
    scope.bind(slot, 0, inputs);
    return passGroups(node, scope, slot, inputs, { groups });
  }
  tieGroups(scope, inputs, groups);
  scope.bind(slot, 0, inputs);
  scope.bind(slot, 1, slot.axes[1] ?? scope.atoms.fresh(dims[1]));
  const own = slot.axes[1]!;
  scope.atoms.claim(dims[1] * groups);
  const outputs = Int32Array.from({ length: dims[1] * groups }, (_, at) => own[at % dims[1]]);
  return made(node, scope, slot, 0, 1, outputs);
};

/** Gemm with a constant second factor: [N, C] x [C, M]. */
export const gemm: Rule = (node, scope) => {
  const dims = weightDims(node, scope);
  if (dims?.length !== 2) return 'its second factor is not a constant matrix';
  if (intOf(node, 'transA', 0)) return 'its first factor is transposed';
  const [input, output] = intOf(node, 'transB', 0) ? [1, 0] : [0, 1];
  const inputs = scope.along(node.input[0], 1);
  if (typeof inputs === 'string') return inputs;
  if (inputs.length !== dims[input]) return 'its weight does not fit its input';
  const slot = scope.weight(node, 1);
  scope.bind(slot, input, inputs);
  scope.bind(slot, output, slot.axes[output] ?? scope.atoms.fresh(dims[output]));
  return made(node, scope, slot, input, output, slot.axes[output]!);
};

/**
 * MatMul with a constant factor: [C, M] on the right, over the last axis, or [M, C] on the left, over the second to
 * last. Channels along another axis pass through, as do some in a product of two values that depend on the input.
 */
export const matMul: Rule = (node, scope) => {
  if (!node.input.some((value) => scope.graph.isConstant(value))) return product(node, scope);
  const onLeft = scope.graph.isConstant(node.input[0]);
  const [weight, data] = onLeft ? [0, 1] : [1, 0];
  const [input, output] = onLeft ? [1, 0] : [0, 1];
  const dims = weightDims(node, scope, weight);
  const rank = scope.shape(node.input[data])?.length;
  if (dims?.length !== 2 || !rank || rank < 2) return 'it multiplies two values that depend on the input';
  const axis = onLeft ? rank - 2 : rank - 1;
  const labels = scope.labels.get(node.input[data]);
  if (labels && labels.axis !== axis) {
    const slot = scope.weight(node, weight);
    const why = 'it mixes positions, not channels';
    scope.bind(slot, input, scope.atoms.frozen(dims[input], why));
    scope.bind(slot, output, scope.atoms.frozen(dims[output], why));
    const rows = labels.axis > 0 ? labels.ids : undefined;
    scope.layers.set(node, { slot, input, output, results: slot.axes[output]!, rows });
    return [labels];
  }
  const inputs = scope.along(node.input[data], axis);
  if (typeof inputs === 'string') return inputs;
  if (inputs.length !== dims[input]) return 'its weight does not fit its input';
  const slot = scope.weight(node, weight);
  scope.bind(slot, input, inputs);
  scope.bind(slot, output, slot.axes[output] ?? scope.atoms.fresh(dims[output]));
  scope.layers.set(node, { slot, input, output, results: slot.axes[output]! });
  return [{ axis, ids: slot.axes[output]! }];
};

/** Passes the rows of the first factor and the columns of the second: attention over positions, for the values it sums. */
function product(node: Node, { labels, atoms, shape }: Scope): Outcome {
  const why = 'it multiplies two values that depend on the input';
  const ranks = node.input.map((value) => shape(value)?.length ?? 0);
  if (ranks.some((rank) => rank < 2)) return why;
  const [left, right] = node.input.map((value) => {
    const own = labels.get(value);
    if (own?.ids.length !== 1) return own;
    atoms.freeze(own.ids, 'it is the only channel');
    return undefined;
  });
  const rank = Math.max(...ranks);
  if (left && !right && left.axis === ranks[0] - 2) return [{ axis: rank - 2, ids: left.ids }];
  if (right && !left && right.axis === ranks[1] - 1) return [{ axis: rank - 1, ids: right.ids }];
  return left || right ? why : [undefined];
}

const weightDims = (node: Node, { graph }: Scope, index = 1): readonly number[] | undefined =>
  graph.constantDims(node.input[index]);

/**
 * Tells if a grouped convolution loses whole groups, as depthwise ones do, or the same channels of each group:
 * whichever leaves more choices.
 */
const wholeGroups = (groups: number, width: number): boolean => groups > 1 && groups >= width;

/**
 * Ties channel j of every group together.
 * @returns the atoms of one group
 */
function tieGroups({ atoms }: Scope, ids: Int32Array, groups: number): Int32Array {
  const width = ids.length / groups;
  ids.forEach((id, at) => atoms.unite(id, ids[at % width]));
  return ids.subarray(0, width);
}

/** Ties all channels of a group together, and its filters with them; the node then has fewer groups. */
function passGroups(
  node: Node,
  scope: Scope,
  slot: Slot,
  inputs: Int32Array,
  { groups, axis }: { groups: number; axis?: number },
) {
  const width = inputs.length / groups;
  inputs.forEach((id, at) => scope.atoms.unite(id, inputs[at - (at % width)]));
  const filters = axis === undefined ? slot.dims[1] : slot.dims[axis] / groups;
  scope.atoms.claim(filters * groups);
  const outputs = Int32Array.from(
    { length: filters * groups },
    (_, at) => inputs[Math.floor(at / filters) * width],
  );
  if (axis !== undefined) scope.bind(slot, axis, outputs);
  const perGroup = Int32Array.from({ length: groups }, (_, group) => inputs[group * width]);
  scope.edit({
    node: keyOf(node),
    ids: [perGroup],
    drops: [],
    adds: 0,
    apply: (_, at, kept) => setAttribute(at, 'group', kept(perGroup).length),
  });
  bias(node, scope, outputs);
  scope.layers.set(node, { slot, results: outputs });
  return [{ axis: 1, ids: outputs }];
}

/** Records a layer that outputs its own channels `ids`. */
function made(node: Node, scope: Scope, slot: Slot, input: number, output: number, ids: Int32Array) {
  bias(node, scope, ids);
  scope.layers.set(node, { slot, input, output, results: ids });
  return [{ axis: 1, ids }];
}

/** Ties a bias [M] or [1, M] to the output channels. */
function bias(node: Node, scope: Scope, ids: Int32Array): void {
  const dims = node.input[2] ? scope.shape(node.input[2]) : undefined;
  if (node.input[2] && !scope.graph.isConstant(node.input[2]))
    scope.atoms.freeze(ids, `its bias ${node.input[2]} is not a constant`);
  else if (dims && dims.at(-1) === ids.length && ids.length > 1)
    scope.parameter(node, 2, dims.length - 1, ids);
}
