import { intOf, intsOf, setAttribute, stringOf } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { fromStart } from '../../onnx/dims';
import { sliceIndices } from '../../onnx/shape-rules/slice';
import { setIntegers } from '../edits';
import { keyOf } from '../../onnx/layers';
import type { Rule, Scope } from './scope';

function joined(parts: readonly Int32Array[], { atoms }: Scope): Int32Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  atoms.claim(length);
  const all = new Int32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Transpose: channels move to another axis. */
export const transpose: Rule = (node, { labels, shape }) => {
  const own = labels.get(node.input[0]);
  const rank = shape(node.input[0])?.length;
  const order = intsOf(node, 'perm') ?? (rank === undefined ? undefined : [...Array(rank).keys()].reverse());
  if (!own || !order) return own ? 'its rank is not known' : [undefined];
  return [{ axis: order.indexOf(own.axis), ids: own.ids }];
};

/** Concat: channels side by side or, along another axis, united. Constants among the inputs are parameters. */
export const concat: Rule = (node, scope) => {
  const rank = scope.shape(node.output[0])?.length;
  if (rank === undefined) return 'its shape is not known';
  const axis = fromStart(intOf(node, 'axis', 0), rank);
  const own = node.input.map((value) => scope.labels.get(value)).filter((labels) => labels !== undefined);
  if (!own.length) return [undefined];
  if (own.every((labels) => labels.axis === axis)) return sideBySide(node, scope, axis);
  const [{ axis: shared, ids }] = own;
  if (own.some((labels) => labels.axis !== shared || labels.ids.length !== ids.length))
    return 'it joins channels along several axes';
  for (const [index, value] of node.input.entries()) {
    const labels = scope.labels.get(value);
    if (labels) scope.atoms.uniteAll(ids, labels.ids);
    else if (scope.graph.isConstant(value)) scope.parameter(node, index, shared, ids);
    else return scope.why(value);
  }
  return [{ axis: shared, ids }];
};

function sideBySide(node: Node, scope: Scope, axis: number) {
  const parts: Int32Array[] = [];
  for (const [index, value] of node.input.entries()) {
    const size = scope.shape(value)?.[axis];
    if (scope.graph.isConstant(value) && typeof size === 'number') {
      parts.push(scope.atoms.fresh(size));
      scope.parameter(node, index, axis, parts[index]);
    } else {
      const ids = scope.along(value, axis);
      if (typeof ids === 'string') return ids;
      parts.push(ids);
    }
  }
  return [{ axis, ids: joined(parts, scope) }];
}

/** Split: channels are divided among the outputs or, along another axis, passed on. */
export const split: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const rank = scope.shape(node.input[0])?.length;
  if (!own || rank === undefined) return own ? 'its rank is not known' : node.output.map(() => undefined);
  if (fromStart(intOf(node, 'axis', 0), rank) !== own.axis) return node.output.map(() => own);
  const count = node.output.length;
  const even = Math.ceil(own.ids.length / count);
  const sizes =
    intsOf(node, 'split') ??
    (node.input[1]
      ? scope.certainNumbers(node.input[1])
      : node.output.map((_, at) => Math.min(even, own.ids.length - even * at)));
  if (sizes?.length !== count || sizes.reduce((a, b) => a + b, 0) !== own.ids.length)
    return 'its split sizes are not constant, or do not add up to its channels';
  let start = 0;
  const parts = sizes.map((size) => own.ids.subarray(start, (start += size)));
  const asInput = scope.graph.opset >= 13;
  scope.edit({
    node: keyOf(node),
    ids: parts,
    drops: asInput && node.input[1] ? [1] : [],
    adds: asInput ? count : 0,
    apply(graph, at, kept) {
      const left = parts.map((part) => kept(part).length);
      at.attribute = at.attribute.filter(({ name }) => name !== 'num_outputs');
      if (asInput) setIntegers(graph, at, 1, left);
      else setAttribute(at, 'split', left);
    },
  });
  return parts.map((ids) => ({ axis: own.axis, ids }));
};

/** Slice: takes some channels or, along another axis, passes all on. */
export const slice: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const rank = scope.shape(node.input[0])?.length;
  if (!own || rank === undefined) return own ? 'its rank is not known' : [undefined];
  const axes = node.input[3] ? scope.numbers(node.input[3])?.map((axis) => fromStart(axis, rank)) : undefined;
  const at = axes ? axes.indexOf(own.axis) : own.axis;
  if (node.input[3] && !axes) return 'its bounds or axes are computed while the model runs';
  const [starts, ends] = [1, 2].map((index) => scope.numbers(node.input[index]));
  const untouched = axes ? at < 0 : starts !== undefined && at >= starts.length;
  if (untouched) return [own];
  const steps = node.input[4] ? scope.numbers(node.input[4]) : starts?.map(() => 1);
  if (!starts || !ends || !steps) return 'its bounds or axes are computed while the model runs';
  if (steps[at] !== 1) return 'it takes only every few channels (a step other than 1)';
  const taken = sliceIndices(own.ids.length, starts[at], ends[at], 1);
  if (taken.length === own.ids.length) return [own];
  if (!taken.length) return 'it keeps no channel';
  if ([1, 2].some((i) => !scope.certainNumbers(node.input[i]))) return 'its bounds depend on the input size';
  if ([3, 4].some((i) => node.input[i] && scope.graph.constant(node.input[i])?.type !== 'int64'))
    return 'its axes or steps are not int64';
  const [before, ids] = [own.ids.subarray(0, taken[0]), own.ids.subarray(taken[0], taken[0] + taken.length)];
  scope.edit({
    node: keyOf(node),
    ids: [before, ids],
    drops: [1, 2],
    adds: starts.length + ends.length,
    apply(graph, to, kept) {
      const from = kept(before).length;
      setIntegers(graph, to, 1, starts.with(at, from));
      setIntegers(graph, to, 2, ends.with(at, from + kept(ids).length));
    },
  });
  return [{ axis: own.axis, ids }];
};

/** Gather by constant indices: selects channels, or works along another axis. */
export const gather: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const [data, indices] = [scope.shape(node.input[0]), scope.shape(node.input[1])];
  if (scope.labels.has(node.input[1])) return 'its indices depend on channels';
  if (!own || !data || !indices) return own ? 'its shapes are not known' : [undefined];
  const axis = fromStart(intOf(node, 'axis', 0), data.length);
  if (axis !== own.axis) {
    const moved = axis < own.axis ? indices.length - 1 : 0;
    return [{ axis: own.axis + moved, ids: own.ids }];
  }
  const count = own.ids.length;
  const constant = scope.graph.constant(node.input[1]);
  if (!constant || indices.length !== 1) return 'its indices are not a constant list';
  const taken = Array.from(constant.data as ArrayLike<number | bigint>, (at) => fromStart(Number(at), count));
  if (!taken.length || taken.some((at) => at < 0 || at >= count)) return 'its indices are out of range';
  scope.atoms.claim(taken.length);
  const ids = Int32Array.from(taken, (at) => own.ids[at]);
  scope.edit({
    node: keyOf(node),
    ids: [own.ids, ids],
    drops: [1],
    adds: 0,
    addsEach: ids,
    apply(graph, to, kept) {
      const ranks = new Map(kept(own.ids).map((from, position) => [from, position]));
      setIntegers(
        graph,
        to,
        1,
        kept(ids).map((position) => ranks.get(taken[position])!),
      );
    },
  });
  return [{ axis: own.axis, ids }];
};

/** Pad: added channels are new ones; those of value zero widen a shortcut (ResNet's option A). */
export const pad: Rule = (node, scope) => {
  const own = scope.labels.get(node.input[0]);
  const rank = scope.shape(node.input[0])?.length;
  if (!own || rank === undefined) return own ? 'its rank is not known' : [undefined];
  const sizes = intsOf(node, 'pads') ?? scope.vector(node.input[1]);
  const axes = node.input[3] ? scope.numbers(node.input[3])?.map((axis) => fromStart(axis, rank)) : undefined;
  if (!sizes || (node.input[3] && !axes)) return 'its pads are computed while the model runs';
  const at = axes ? axes.indexOf(own.axis) : own.axis;
  const [first, last] = at < 0 ? [0, 0] : [sizes[at], sizes[at + sizes.length / 2]];
  // The padding of other axes does not matter to the channels.
  if (first === 0 && last === 0) return [own];
  if (typeof first !== 'number' || typeof last !== 'number')
    return 'the number of channels that it adds is not known';
  const pads = intsOf(node, 'pads') ?? scope.certainNumbers(node.input[1]);
  if (!pads) return 'its pads depend on the input size';
  if (first < 0 || last < 0 || stringOf(node, 'mode', 'constant') !== 'constant' || !node.input[1])
    return 'it crops channels, or pads them with other channels';
  const [head, tail] = [scope.atoms.fresh(first), scope.atoms.fresh(last)];
  scope.edit({
    node: keyOf(node),
    ids: [head, tail],
    drops: [1],
    adds: pads.length,
    apply(graph, to, kept) {
      const left = pads.with(at, kept(head).length).with(at + pads.length / 2, kept(tail).length);
      setIntegers(graph, to, 1, left);
    },
  });
  return [{ axis: own.axis, ids: joined([head, own.ids, tail], scope) }];
};
