import { EngineError } from '../../errors';
import { intsOf } from '../../onnx/attributes';
import { floats } from '../../tensor/tensor';
import type { GradientContext, GradientRule } from '../gradients';
import { countsPadding, met, offsets, overhang, transposed, type Window, windowOf } from '../window';

function poolingOf({ node, inputs, output, shapeOf }: GradientContext): Window {
  const [input, result] = [shapeOf(inputs[0]), shapeOf(output)];
  if (input.length !== 4) {
    throw new EngineError(
      'UnsupportedModel',
      `node ${node.name} (${node.opType}) pools a tensor of ${input.length} dimensions; only [N, C, H, W] can be trained`,
    );
  }
  const [R, S] = intsOf(node, 'kernel_shape')!;
  return windowOf(node, [R, S], [input[2], input[3]], [result[2], result[3]]);
}

/** How many elements each window averages, [1, 1, OH, OW]. */
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

/** Pooling over windows of a plane. */
export const pool: Readonly<Record<string, GradientRule>> = {
  GlobalAveragePool({ builder, inputs, dy, shapeOf }) {
    const size = shapeOf(inputs[0])
      .slice(2)
      .reduce((a, b) => a * b, 1);
    return [builder.expandLike(builder.op('Mul', [dy, builder.scalar(1 / size)]), inputs[0])];
  },

  /** Each window hands an equal share to the elements it averaged. */
  AveragePool(context) {
    const { builder, node, inputs, dy, shapeOf } = context;
    const window = poolingOf(context);
    const share = builder.op('Div', [dy, builder.constant(counts(window, countsPadding(node)))]);
    const planes = builder.reshape(share, [-1, 1, ...window.output]);
    const [R, S] = window.kernel;
    const ones = builder.constant(floats([1, 1, R, S], new Float32Array(R * S).fill(1)));
    const back = builder.op('ConvTranspose', [planes, ones], transposed(window));
    return [builder.reshape(back, shapeOf(inputs[0]))];
  },

  /**
   * Each window's gradient goes to its maximum, the first of equal ones as in PyTorch. Written without indices, since
   * scattering with addition, which overlapping windows need, came only with operator set 16.
   */
  MaxPool(context) {
    const { builder, inputs, output, dy, shapeOf } = context;
    const window = poolingOf(context);
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
  },
};
