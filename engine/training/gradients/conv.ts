import { EngineError } from '../../errors';
import { intOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from '../gradients';
import { overhang, transposed, windowOf } from '../window';
import { type Convolution, weightGradient } from './conv-weight';

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

/** Convolutions. */
export const conv: Readonly<Record<string, GradientRule>> = {
  Conv(context) {
    const { builder, dy, wants } = context;
    const shape = convolutionOf(context);
    const rows = builder.transpose(dy, [1, 0, 2, 3]);
    return [
      wants(0) ? inputGradient(context, shape) : undefined,
      wants(1) ? weightGradient(context, shape, rows) : undefined,
      wants(2) ? builder.reduceSum(builder.reshape(rows, [shape.K, -1]), [1], false) : undefined,
    ];
  },
};
