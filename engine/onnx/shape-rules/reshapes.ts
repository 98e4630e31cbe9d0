import { intOf, intsOf } from '../node-attributes';
import { type Dim, over, product, type Shape } from '../dims';
import { given, isGiven, type Rule, wrap, wrapAll } from './rule';

/** Operators that keep every element and only change the division into axes. */
export const reshapes: Record<string, Rule> = {
  Flatten(node, { shape }) {
    const input = shape(node.input[0]);
    const asked = intOf(node, 'axis', 1);
    const axis = input && (asked === input.length ? asked : wrap(asked, input.length));
    return axis === undefined ? undefined : [[product(input!.slice(0, axis)), product(input!.slice(axis))]];
  },
  Reshape(node, { shape, values }) {
    const [input, target] = [shape(node.input[0]), values.get(node.input[1])];
    if (target) return [reshaped(input, target, intOf(node, 'allowzero', 0) === 1)];
    // A target of unknown entries still tells the rank.
    const rank = shape(node.input[1])?.[0];
    return typeof rank === 'number' && rank <= 64 ? [Array<Dim>(rank).fill(undefined)] : undefined;
  },
  Transpose(node, { shape }) {
    const input = shape(node.input[0]);
    if (!input) return undefined;
    const order = intsOf(node, 'perm') ?? input.map((_, axis) => input.length - 1 - axis);
    if (order.length !== input.length || !wrapAll(order, input.length)) return undefined;
    return [order.map((axis) => input[axis])];
  },
  Squeeze(node, scope) {
    const input = scope.shape(node.input[0]);
    if (!input) return undefined;
    if (!isGiven(node, 1, 'axes')) {
      // Without axes, all of size 1 are removed, which an open one may or may not be.
      return input.every((dim) => typeof dim === 'number') ? [input.filter((dim) => dim !== 1)] : undefined;
    }
    const listed = given(node, 1, 'axes', scope);
    const axes = listed && wrapAll(listed, input.length);
    if (!axes?.every((axis) => typeof input[axis] !== 'number' || input[axis] === 1)) return undefined;
    return [input.filter((_, axis) => !axes.includes(axis))];
  },
  Unsqueeze(node, scope) {
    const [input, listed] = [scope.shape(node.input[0]), given(node, 1, 'axes', scope)];
    const axes = input && listed && wrapAll(listed, input.length + listed.length);
    if (!input || !axes) return undefined;
    const out: Dim[] = [...input];
    for (const axis of axes.sort((a, b) => a - b)) out.splice(axis, 0, 1);
    return [out];
  },
};

function reshaped(input: Shape | undefined, target: Shape, allowZero: boolean): Shape | undefined {
  const out: Dim[] = target.map((dim, axis) => (dim === 0 && !allowZero ? input?.[axis] : dim));
  const open = out.indexOf(-1);
  if (open < 0) {
    const [before, after] = [input && product(input), product(out)];
    return typeof before === 'number' && typeof after === 'number' && before !== after ? undefined : out;
  }
  out[open] = undefined;
  const rest = product(out.filter((_, axis) => axis !== open));
  const total = input && product(input);
  out[open] = over(total, rest);
  const fails = typeof total === 'number' && typeof rest === 'number' && out[open] === undefined;
  return fails ? undefined : out;
}
