import { EngineError } from '../../errors';
import { intOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from '../gradients';
import { met, offsets, overhang, transposed, type Window, windowOf } from '../window';

/** A 2-D convolution: weight [K, C/groups, R, S], input [N, C, H, W], output [N, K, OH, OW]. */
interface Convolution extends Window {
  readonly groups: number;
  readonly K: number;
  readonly C: number;
}

function convolutionOf({ node, inputs, output, shapeOf }: GradientContext): Convolution {
  const weight = shapeOf(inputs[1]);
  if (weight.length !== 4) {
    throw new EngineError(
      'UnsupportedModel',
      `node ${node.name} (Conv) has a weight of shape [${weight.join(', ')}]; only 2-D convolutions can be trained`,
    );
  }
  const [K, , R, S] = weight;
  const [, C, H, W] = shapeOf(inputs[0]);
  const [, , OH, OW] = shapeOf(output);
  return { ...windowOf(node, [R, S], [H, W], [OH, OW]), groups: intOf(node, 'group', 1), K, C };
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
  const swapped =
    groups === 1
      ? builder.transpose(inputs[1], [1, 0, 2, 3])
      : builder.reshape(
          builder.transpose(
            builder.reshape(inputs[1], [groups, K / groups, C / groups, ...kernel]),
            [0, 2, 1, 3, 4],
          ),
          [C, K / groups, ...kernel],
        );
  const turned = kernel.flatMap((size, at) =>
    size > 1 ? [{ axis: at + 2, start: size - 1, end: -size - 1, step: -1 }] : [],
  );
  const weight = turned.length ? builder.slice(swapped, turned) : swapped;
  return builder.op('Conv', [dy, weight], { kernel_shape: kernel, dilations, pads, group: groups });
}

/**
 * dW as one product of matrices: the input, channels first, once for each kernel offset (im2col), against dY.
 * Any stride and dilation; a matrix a group.
 */
function weightGradientByOffsets({ builder, inputs, dy }: GradientContext, conv: Convolution): string {
  const { groups, K, C, kernel, begin } = conv;
  const end = overhang(conv).map((extent) => Math.max(extent, 0));
  const x = builder.pad(builder.transpose(inputs[0], [1, 0, 2, 3]), [0, 0, ...begin, 0, 0, ...end]);
  const columns = builder.concat(
    offsets(conv).map((offset) => builder.reshape(builder.slice(x, met(conv, offset)), [C, 1, -1])),
    1,
  );
  const perGroup = (C / groups) * kernel[0] * kernel[1];
  const rows = builder.transpose(dy, [1, 0, 2, 3]);
  if (groups === 1) {
    const product = [builder.reshape(rows, [K, -1]), builder.reshape(columns, [perGroup, -1])];
    return builder.reshape(builder.op('Gemm', product, { transB: 1 }), [K, C, ...kernel]);
  }
  const left = builder.reshape(rows, [groups, K / groups, -1]);
  const right = builder.transpose(builder.reshape(columns, [groups, perGroup, -1]), [0, 2, 1]);
  return builder.reshape(builder.op('MatMul', [left, right]), [K, C / groups, ...kernel]);
}

/**
 * dW for stride 1 with fewer copies: the input shifted by each column of the kernel (S copies) against dY shifted by
 * each of its rows (R copies); one product then holds all R · S offsets.
 */
function weightGradientByShifts({ builder, inputs, dy }: GradientContext, conv: Convolution): string {
  const { K, C, kernel, dilations, begin, input, output } = conv;
  const [R, S] = kernel;
  const x = builder.transpose(inputs[0], [1, 0, 2, 3]);
  const rows = builder.transpose(dy, [1, 0, 2, 3]);
  const shiftedInput = Array.from({ length: S }, (_, s) => {
    const left = begin[1] - s * dilations[1];
    return builder.reshape(builder.pad(x, [0, 0, 0, left, 0, 0, 0, output[1] - input[1] - left]), [C, 1, -1]);
  });
  const shiftedOutput = Array.from({ length: R }, (_, r) => {
    const above = r * dilations[0] - begin[0];
    return builder.reshape(builder.pad(rows, [0, 0, above, 0, 0, 0, input[0] - output[0] - above, 0]), [
      K,
      1,
      -1,
    ]);
  });
  const product = builder.op(
    'Gemm',
    [
      builder.reshape(builder.concat(shiftedOutput, 1), [K * R, -1]),
      builder.reshape(builder.concat(shiftedInput, 1), [C * S, -1]),
    ],
    { transB: 1 },
  );
  return builder.reshape(builder.transpose(builder.reshape(product, [K, R, C, S]), [0, 2, 1, 3]), [
    K,
    C,
    R,
    S,
  ]);
}

/** Convolutions. */
export const conv: Readonly<Record<string, GradientRule>> = {
  Conv(context) {
    const { builder, dy, wants } = context;
    const shape = convolutionOf(context);
    const plain = shape.groups === 1 && Math.max(...shape.strides) === 1;
    const weightGradient = plain ? weightGradientByShifts : weightGradientByOffsets;
    return [
      wants(0) ? inputGradient(context, shape) : undefined,
      wants(1) ? weightGradient(context, shape) : undefined,
      wants(2) ? builder.reduceSum(dy, [0, 2, 3], false) : undefined,
    ];
  },
};
