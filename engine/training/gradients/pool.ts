import { intOf, intsOf } from '../../onnx/node-attributes';
import { floats } from '../../tensor/tensor';
import type { GradientContext, GradientRule } from './rule';
import { besideMaxPool, composes } from '../emit/composites';
import { algebra } from '../emit/algebra';
import { onPlanes } from './planes';
import {
  countsPadding,
  met,
  offsets,
  overhang,
  transposed,
  type Window,
  windowOf,
} from '../emit/plane-window';

function poolingOf({ node, inputs, output, shapeOf }: GradientContext): Window {
  const [input, result] = [shapeOf(inputs[0]), shapeOf(output)];
  const [R, S] = intsOf(node, 'kernel_shape')!;
  return windowOf(node, [R, S], [input[2], input[3]], [result[2], result[3]]);
}

/** Counts the elements each window averages, [1, 1, OH, OW]. */
function counts(window: Window, padding: boolean) {
  const { kernel, strides, dilations, begin, end, input, output } = window;
  const along = (axis: 0 | 1) =>
    Array.from({ length: output[axis] }, (_, at) => {
      const [low, high] = padding ? [-begin[axis], input[axis] + end[axis]] : [0, input[axis]];
      const positions = Array.from(
        { length: kernel[axis] },
        (_, k) => at * strides[axis] - begin[axis] + k * dilations[axis],
      );
      return positions.filter((position) => position >= low && position < high).length;
    });
  const [rows, columns] = [along(0), along(1)];
  return floats(
    [1, 1, ...output],
    rows.flatMap((row) => columns.map((column) => row * column)),
  );
}

/** Sums over the windows that contain an element, times `value` of each, as a tensor of the input's shape. */
function backOver({ builder, inputs, shapeOf }: GradientContext, window: Window, value: string): string {
  const planes = builder.reshape(value, [-1, 1, ...window.output]);
  const [R, S] = window.kernel;
  const ones = builder.constant(floats([1, 1, R, S], new Float32Array(R * S).fill(1)));
  const back = builder.op('ConvTranspose', [planes, ones], transposed(window));
  return builder.reshape(back, shapeOf(inputs[0]));
}

/** Tells if the windows fill the plane and do not overlap. */
const sideBySide = ({ kernel, strides, dilations, begin, input, output }: Window): boolean =>
  kernel.every(
    (size, axis) =>
      size === strides[axis] && dilations[axis] === 1 && !begin[axis] && input[axis] === size * output[axis],
  );

/**
 * Passes each window's gradient to its maximum, the first of equal ones as in PyTorch. Written without indices, since
 * scattering with addition, which overlapping windows need, exists only from opset 16.
 */
function maxPool(context: GradientContext): (string | undefined)[] {
  const { builder, inputs, output, dy, shapeOf } = context;
  const window = poolingOf(context);
  const [x, y] = [inputs[0], output].map((value) => ({ value, dims: shapeOf(value) }));
  if (sideBySide(window) && composes(builder, x.dims[1]))
    return [besideMaxPool(builder, [x, y, { value: dy, dims: y.dims }], window.kernel)];
  const end = overhang(window).map((extent) => Math.max(extent, 0));
  const pads = [0, 0, ...window.begin, 0, 0, ...end];
  const padded = pads.some(Boolean)
    ? builder.op('Pad', [inputs[0], builder.ints(pads), builder.scalar(-Infinity)])
    : inputs[0];
  let free: string | undefined;
  const shares = offsets(window).map((offset) => {
    const equal = builder.op('Equal', [builder.slice(padded, met(window, offset)), output]);
    const first = free ? builder.op('And', [equal, free]) : equal;
    const missed = builder.op('Not', [equal]);
    free = free ? builder.op('And', [free, missed]) : missed;
    const share = builder.op('Where', [first, dy, builder.scalar(0)]);
    return builder.reshape(share, [-1, 1, ...window.output]);
  });
  const [R, S] = window.kernel;
  const size = R * S;
  const place = new Float32Array(size * size);
  for (let at = 0; at < size; at++) place[at * size + at] = 1;
  const back = builder.op(
    'ConvTranspose',
    [builder.concat(shares, 1), builder.constant(floats([size, 1, R, S], place))],
    transposed(window),
  );
  return [builder.reshape(back, shapeOf(inputs[0]))];
}

/** dX of y = (Σ |x|^p)^(1/p): x · |x|^(p-2) · dY · y^(1-p), summed over the windows. Zero where y, and so x, is. */
function normPool(context: GradientContext, sum: (value: string) => string): (string | undefined)[] {
  const { builder, node, inputs, output, dy } = context;
  const { mul, div, max, pow, abs, sign } = algebra(builder);
  const p = intOf(node, 'p', 2);
  const [x] = inputs;
  const size = max(output, 1e-12);
  const share = sum(p === 2 ? div(dy, size) : mul(dy, pow(size, 1 - p)));
  return [mul(p === 2 ? x : p === 1 ? sign(x) : mul(sign(x), pow(abs(x), p - 1)), share)];
}

/** Pooling over windows of one or two axes, or over the whole of any number. */
export const pool: Readonly<Record<string, GradientRule>> = {
  GlobalAveragePool({ builder, inputs, dy, shapeOf }) {
    const size = shapeOf(inputs[0])
      .slice(2)
      .reduce((a, b) => a * b, 1);
    return [builder.expandLike(builder.op('Mul', [dy, builder.scalar(1 / size)]), inputs[0])];
  },

  /** The first of equal maxima gets all of it, as in PyTorch. */
  GlobalMaxPool({ builder, inputs, dy, shapeOf }) {
    const [, channels, ...plane] = shapeOf(inputs[0]);
    const size = plane.reduce((a, b) => a * b, 1);
    const lines = builder.reshape(inputs[0], [-1, channels, size]);
    const first = builder.op('ArgMax', [lines], { axis: 2, keepdims: 0 });
    const offOn = builder.constant(floats([2], [0, 1]));
    const chosen = builder.op('OneHot', [first, builder.ints([size]), offOn], { axis: -1 });
    const share = builder.op('Mul', [chosen, builder.reshape(dy, [-1, channels, 1])]);
    return [builder.reshape(share, shapeOf(inputs[0]))];
  },

  GlobalLpPool: (context) =>
    normPool(context, (value) => context.builder.expandLike(value, context.inputs[0])),

  /** Each window passes an equal share to the elements it averaged. */
  AveragePool: (context) =>
    onPlanes(context, [0], (planes) => {
      const { builder, node, dy } = planes;
      const window = poolingOf(planes);
      const share = builder.op('Div', [dy, builder.constant(counts(window, countsPadding(node)))]);
      return [backOver(planes, window, share)];
    }),

  LpPool: (context) =>
    onPlanes(context, [0], (planes) =>
      normPool(planes, (value) => backOver(planes, poolingOf(planes), value)),
    ),

  MaxPool: (context) => onPlanes(context, [0], maxPool),
};
