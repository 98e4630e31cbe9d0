import { intOf, intsOf, setAttribute } from '../../onnx/node-attributes';
import { fromStart } from '../../onnx/dims';
import { keyOf } from '../../onnx/layers';
import { described, type Rule } from './scope';

/** Normalizations with per-channel parameters (axis 1), which treat each channel separately. */
export const channelNorm: Rule = (node, scope) => {
  if (node.output.filter(Boolean).length > 1) return 'it is in training mode';
  const own = scope.labels.get(node.input[0]);
  if (own && own.axis > 1) return 'it normalizes over channels';
  const ids = scope.along(node.input[0], 1);
  if (typeof ids === 'string') return ids;
  const open = node.input.slice(1).find((value) => !scope.graph.isConstant(value));
  if (open) return `its parameter ${open} is not a constant`;
  node.input.forEach((_, index) => index > 0 && scope.parameter(node, index, 0, ids));
  return [{ axis: 1, ids }];
};

/**
 * GroupNormalization: only whole groups can be removed, since statistics are taken over all channels of one. Its
 * parameters are per channel since opset 21, per group before.
 */
export const groupNorm: Rule = (node, scope) => {
  const ids = scope.along(node.input[0], 1);
  if (typeof ids === 'string') return ids;
  const groups = intOf(node, 'num_groups', 0);
  const width = ids.length / groups;
  if (!Number.isInteger(width)) return `${groups} groups do not divide ${ids.length} channels`;
  const open = node.input.slice(1).find((value) => !scope.graph.isConstant(value));
  if (open) return `its parameter ${open} is not a constant`;
  ids.forEach((id, at) => scope.atoms.unite(id, ids[at - (at % width)]));
  const perGroup = Int32Array.from({ length: groups }, (_, group) => ids[group * width]);
  const own = scope.graph.opset < 21 ? perGroup : ids;
  if (node.input.slice(1).some((value) => scope.shape(value)?.[0] !== own.length))
    return 'its parameters do not fit its channels';
  node.input.forEach((_, index) => index > 0 && scope.parameter(node, index, 0, own));
  scope.edit({
    node: keyOf(node),
    ids: [perGroup],
    drops: [],
    adds: 0,
    apply: (_, at, kept) => setAttribute(at, 'num_groups', kept(perGroup).length),
  });
  return [{ axis: 1, ids }];
};

/** Pools and others over the axes from 2 on, which treat each channel separately. */
export const spatial: Rule = (node, { labels }) => {
  const own = labels.get(node.input[0]);
  return own && own.axis > 1 ? 'it mixes channels' : node.output.map(() => own);
};

/**
 * Operators that sample positions of the first input, channel by channel; the other inputs give the positions, so their
 * channels stay.
 */
export const sampling: Rule = (node, { labels, atoms }) => {
  for (const value of node.input.slice(1)) {
    const places = labels.get(value);
    if (places) atoms.freeze(places.ids, `${described(node)} uses them as positions`);
  }
  const own = labels.get(node.input[0]);
  return own && own.axis !== 1 ? 'it mixes channels' : [own];
};

/** Operators over one axis, or from it to the last (`onwards`), which mix everything along it. */
export const overAxis =
  (fallback: number, onwards: (opset: number) => boolean): Rule =>
  (node, { labels, shape, graph }) => {
    const own = labels.get(node.input[0]);
    const rank = own && shape(node.input[0])?.length;
    if (!own || rank === undefined) return own ? 'its rank is not known' : [undefined];
    const axis = fromStart(intOf(node, 'axis', fallback), rank);
    const mixes = onwards(graph.opset) ? own.axis >= axis : own.axis === axis;
    return mixes ? 'it mixes channels' : node.output.map((_, at) => (at === 0 ? own : undefined));
  };

/** Reductions over axes without channels. */
export const reduction: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  if (!own) return [undefined];
  const given = intsOf(node, 'axes') ?? (node.input[1] ? scope.numbers(node.input[1]) : []);
  const rank = scope.shape(node.input[0])?.length;
  if (!given || rank === undefined) return 'its axes are not known';
  if (!given.length) return intOf(node, 'noop_with_empty_axes', 0) ? [own] : 'it mixes channels';
  const axes = given.map((axis) => fromStart(axis, rank));
  if (axes.includes(own.axis)) return 'it mixes channels';
  const before = intOf(node, 'keepdims', 1) ? 0 : axes.filter((axis) => axis < own.axis).length;
  return [{ axis: own.axis - before, ids: own.ids }];
};
