import { intOf, intsOf, stringOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from './table';
import { overhang, type Pair, transposed, windowOf } from '../step/window';
import { type Convolution, weightGradient } from './conv-weight';
import { onPlanes } from './planes';

function convolutionOf({ node, inputs, output, shapeOf }: GradientContext): Convolution {
  const [K, , R, S] = shapeOf(inputs[1]);
  const [, C, H, W] = shapeOf(inputs[0]);
  const [, , OH, OW] = shapeOf(output);
  return { ...windowOf(node, [R, S], [H, W], [OH, OW]), groups: intOf(node, 'group', 1), K, C };
}

/** The convolution that a ConvTranspose reverses: from the plane of its output to that of its input. */
function reversedOf({ node, inputs, output, shapeOf }: GradientContext): Convolution {
  const [K, , ...kernel] = shapeOf(inputs[1]);
  const [, , ...small] = shapeOf(inputs[0]);
  const [, C, ...large] = shapeOf(output);
  const pair = (rule: (axis: 0 | 1) => number): Pair => [rule(0), rule(1)];
  const attribute = (name: string, fallback: number) => {
    const given = intsOf(node, name);
    return pair((axis) => given?.[axis] ?? fallback);
  };
  const [strides, dilations] = [attribute('strides', 1), attribute('dilations', 1)];
  const extra = attribute('output_padding', 0);
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  const given = auto === 'NOTSET' && !intsOf(node, 'output_shape') ? attribute('pads', 0) : undefined;
  // What the windows cover beyond the output's plane is padding; of an odd number SAME_UPPER takes less before.
  const begin = pair((axis) => {
    const covered = strides[axis] * (small[axis] - 1) + dilations[axis] * (kernel[axis] - 1) + 1;
    const total = Math.max(0, covered + extra[axis] - large[axis]);
    if (given) return given[axis];
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  const sizes = { input: pair((axis) => large[axis]), output: pair((axis) => small[axis]) };
  const window = { kernel: pair((axis) => kernel[axis]), strides, dilations, begin, end: begin, ...sizes };
  return { ...window, groups: intOf(node, 'group', 1), K, C };
}

/** For each element of the turned weight, its channels swapped within a group, where it lies in the weight. */
function halfTurn({ groups, K, C, kernel: [R, S] }: Convolution): Int32Array {
  const [outer, inner] = [K / groups, C / groups];
  const index = new Int32Array(K * inner * R * S);
  let at = 0;
  for (let c = 0; c < C; c++) {
    const first = Math.floor(c / inner) * outer;
    for (let k = first; k < first + outer; k++) {
      for (let offset = R * S - 1; offset >= 0; offset--) {
        index[at++] = (k * inner + (c % inner)) * R * S + offset;
      }
    }
  }
  return index;
}

/** For stride 1 a Conv of dY with the weight turned by half a turn, its channels swapped; else a ConvTranspose. */
function inputGradient({ builder, inputs, dy }: GradientContext, conv: Convolution): string {
  const { groups, K, C, kernel, strides, dilations, begin } = conv;
  const pads = [
    ...kernel.map((size, axis) => dilations[axis] * (size - 1) - begin[axis]),
    ...kernel.map((size, axis) => dilations[axis] * (size - 1) - overhang(conv)[axis]),
  ];
  if (Math.max(...strides) > 1 || Math.min(...pads) < 0) {
    return builder.op('ConvTranspose', [dy, inputs[1]], { ...transposed(conv), group: groups });
  }
  const weight = builder.rearrange(inputs[1], halfTurn(conv), [C, K / groups, ...kernel]);
  return builder.op('Conv', [dy, weight], { kernel_shape: kernel, dilations, pads, group: groups });
}

/** A ConvTranspose's dX: the convolution that it reverses, of dY. */
function reversedInputGradient({ builder, inputs, dy }: GradientContext, conv: Convolution): string {
  const { kernel, strides, dilations, begin, groups } = conv;
  const over = overhang(conv);
  const cropped = builder.pad(dy, [0, 0, 0, 0, 0, 0, ...over.map((extent) => Math.min(extent, 0))]);
  const pads = [...begin, ...over.map((extent) => Math.max(extent, 0))];
  return builder.op('Conv', [cropped, inputs[1]], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    group: groups,
  });
}

/** Convolutions over one or two spatial axes. */
export const conv: Readonly<Record<string, GradientRule>> = {
  Conv: (context) =>
    onPlanes(context, [0, 1], (planes) => {
      const { builder, dy, wants } = planes;
      const shape = convolutionOf(planes);
      const rows = builder.transpose(dy, [1, 0, 2, 3]);
      return [
        wants(0) ? inputGradient(planes, shape) : undefined,
        wants(1) ? weightGradient(planes, shape, rows) : undefined,
        wants(2) ? builder.reduceSum(builder.reshape(rows, [shape.K, -1]), [1], false) : undefined,
      ];
    }),

  ConvTranspose: (context) =>
    onPlanes(context, [0, 1], (planes) => {
      const { builder, inputs, dy, wants } = planes;
      const shape = reversedOf(planes);
      const reversed = { ...planes, inputs: [dy] };
      return [
        wants(0) ? reversedInputGradient(planes, shape) : undefined,
        wants(1) ? weightGradient(reversed, shape, builder.transpose(inputs[0], [1, 0, 2, 3])) : undefined,
        wants(2) ? builder.reduceSum(dy, [0, 2, 3], false) : undefined,
      ];
    }),
};
