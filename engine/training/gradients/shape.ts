import { EngineError } from '../../errors';
import { intOf, intsOf, stringOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from '../gradients';

/** Gives `dy` the shape that the node's first input has. */
const restore: GradientRule = ({ builder, inputs, dy, shapeOf }) => {
  const dims = shapeOf(inputs[0]);
  if (dims.filter((dim) => dim < 0).length > 1) {
    return [builder.op('Reshape', [dy, builder.op('Shape', [inputs[0]])])];
  }
  return [builder.reshape(dy, dims)];
};

/** The pads of a Pad node for every axis, whether or not it names axes (operator set 18). */
function padsOf({ node, inputs, shapeOf, constantOf }: GradientContext): number[] {
  const rank = shapeOf(inputs[0]).length;
  const mode = stringOf(node, 'mode', 'constant');
  const given = constantOf(inputs[1]);
  if (mode !== 'constant' || !given) {
    throw new EngineError(
      'UnsupportedModel',
      `node ${node.name} (Pad) cannot be trained through: it has ${given ? `mode ${mode}` : 'computed pads'}`,
    );
  }
  const axes = constantOf(inputs[3])?.map((axis) => (axis + rank) % rank) ?? [...Array(rank).keys()];
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, at) => {
    pads[axis] = given[at];
    pads[rank + axis] = given[axes.length + at];
  });
  return pads;
}

/** Operators that move elements and compute nothing. */
export const shape: Readonly<Record<string, GradientRule>> = {
  Flatten: restore,
  Reshape: restore,
  Squeeze: restore,
  Unsqueeze: restore,

  Transpose({ builder, node, inputs, dy, shapeOf }) {
    const rank = shapeOf(inputs[0]).length;
    const perm = intsOf(node, 'perm') ?? [...Array(rank).keys()].reverse();
    return [
      builder.transpose(
        dy,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },

  Concat({ builder, node, inputs, dy, wants, shapeOf }) {
    const rank = shapeOf(inputs[0]).length;
    const axis = (intOf(node, 'axis', 1) + rank) % rank;
    let start = 0;
    return inputs.map((input, at) => {
      const end = start + shapeOf(input)[axis];
      const gradient = wants(at) ? builder.slice(dy, [{ axis, start, end }]) : undefined;
      start = end;
      return gradient;
    });
  },

  Pad: (context) => [
    context.builder.pad(
      context.dy,
      padsOf(context).map((pad) => -pad),
    ),
  ],
};
