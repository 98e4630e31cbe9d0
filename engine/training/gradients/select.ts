import { intOf } from '../../onnx/node-attributes';
import { type GradientContext, type GradientRule, refuse } from './rule';
import { backThrough } from './axis';

const range = (length: number) => Array.from({ length }, (_, at) => at);

const axisOf = ({ node, inputs, shapeOf }: GradientContext, fallback: number) => {
  const rank = shapeOf(inputs[0]).length;
  return (intOf(node, 'axis', fallback) + rank) % rank;
};

/** Returns what a Slice keeps of each axis that it names, with bounds as in Python: clamped, the end exclusive. */
function sliced(context: GradientContext) {
  const { inputs, shapeOf, constantOf } = context;
  const shape = shapeOf(inputs[0]);
  const part = (at: number, name: string) => {
    if (inputs[at] && !constantOf(inputs[at]))
      refuse(context, `its ${name} are computed while the model runs`);
    return constantOf(inputs[at]);
  };
  const [starts, ends] = [part(1, 'starts') ?? [], part(2, 'ends') ?? []];
  const axes = part(3, 'axes') ?? range(starts.length);
  const steps = part(4, 'steps') ?? starts.map(() => 1);
  return axes.map((given, at) => {
    const axis = (given + shape.length) % shape.length;
    const [length, step] = [shape[axis], steps[at]];
    if (length < 0) {
      if (starts[at] === 0 && ends[at] >= 2 ** 31 - 1 && step === 1)
        return { axis, places: undefined, length };
      refuse(context, 'it cuts along the batch axis');
    }
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    const bound = (value: number) => Math.min(Math.max(value < 0 ? value + length : value, low), high);
    const [start, end] = [bound(starts[at]), bound(ends[at])];
    const count = Math.max(0, Math.ceil((end - start) / step));
    return { axis, places: range(count).map((index) => start + index * step), length };
  });
}

/** A Gather's dX if the indices are computed, or depend on the batch: adds dY at the positions that it came from. */
function scattered(context: GradientContext, axis: number): string {
  const { builder, inputs, dy, shapeOf } = context;
  const rest = shapeOf(inputs[0]).slice(1);
  if (axis || builder.opset < 16 || rest.some((dim) => dim < 0)) {
    refuse(
      context,
      'its indices are computed while the model runs, which needs opset 16 or later and the first axis',
    );
  }
  const zeros = builder.op('ConstantOfShape', [builder.op('Shape', [inputs[0]])]);
  const places = builder.reshape(inputs[1], [-1, 1]);
  return builder.op('ScatterND', [zeros, places, builder.reshape(dy, [-1, ...rest])], { reduction: 'add' });
}

/** Operators that select elements along axes. */
export const select: Readonly<Record<string, GradientRule>> = {
  /** Zeros where the slice took nothing. */
  Slice(context) {
    const { builder, inputs, output, shapeOf } = context;
    const rank = shapeOf(inputs[0]).length;
    const shape = [...shapeOf(output)];
    const pads = new Array<number>(2 * rank).fill(0);
    let { dy } = context;
    for (const { axis, places, length } of sliced(context)) {
      if (!places) continue;
      const [first] = places;
      if (places.every((place, at) => place === first + at)) {
        pads[axis] = first ?? 0;
        pads[rank + axis] = length - pads[axis] - places.length;
        continue;
      }
      dy = backThrough(context, dy, shape, axis, places, length);
      shape[axis] = length;
    }
    return [builder.pad(dy, pads)];
  },

  /** Joins the parts' gradients; zeros for a part that the loss does not depend on. */
  Split(context) {
    const { builder, node, dys } = context;
    const parts = node.output.map(
      (value, at) => dys[at] ?? builder.op('ConstantOfShape', [builder.op('Shape', [value])]),
    );
    return [builder.concat(parts, axisOf(context, 0))];
  },

  Concat(context) {
    const { builder, inputs, dy, wants, shapeOf } = context;
    const axis = axisOf(context, 1);
    if (inputs.some((input) => shapeOf(input)[axis] < 0)) refuse(context, 'it joins along the batch axis');
    let start = 0;
    return inputs.map((input, at) => {
      const end = start + shapeOf(input)[axis];
      const gradient = wants(at) ? builder.slice(dy, [{ axis, start, end }]) : undefined;
      start = end;
      return gradient;
    });
  },

  Gather(context) {
    const { builder, inputs, dy, shapeOf, constantOf } = context;
    const axis = axisOf(context, 0);
    const dims = shapeOf(inputs[0]);
    const indices = constantOf(inputs[1]);
    if (!indices || dims[axis] < 0) return [scattered(context, axis)];
    const flat = dims.map((dim, at) => (at === axis ? indices.length : dim));
    const places = indices.map((index) => (index + dims[axis]) % dims[axis]);
    const lines = shapeOf(inputs[1]).length === 1 ? dy : builder.reshape(dy, flat);
    return [backThrough(context, lines, flat, axis, places, dims[axis])];
  },
};
