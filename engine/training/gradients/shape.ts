import { intOf, intsOf, stringOf } from '../../onnx/node-attributes';
import { type GradientRule, refuse } from './rule';
import { unbroadcast } from './arithmetic';

/** Gives `dy` the shape that the node's first input has. */
const restore: GradientRule = ({ builder, inputs, dy, shapeOf }) => {
  const dims = shapeOf(inputs[0]);
  if (dims.filter((dim) => dim < 0).length > 1) {
    return [builder.op('Reshape', [dy, builder.op('Shape', [inputs[0]])])];
  }
  return [builder.reshape(dy, dims)];
};

/** Operators that move elements without computing anything. */
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

  Expand: (context) => [unbroadcast(context, context.dy, context.inputs[0], context.output)],

  /** The copies' sum. */
  Tile(context) {
    const { builder, inputs, dy, shapeOf, constantOf } = context;
    const repeats = constantOf(inputs[1]) ?? refuse(context, 'its repeats are computed while the model runs');
    const dims = shapeOf(inputs[0]);
    if (dims.some((dim, axis) => dim < 0 && repeats[axis] !== 1)) refuse(context, 'it repeats the batch');
    const apart = dims.flatMap((dim, axis) => (repeats[axis] === 1 ? [dim] : [repeats[axis], dim]));
    let at = 0;
    const copies = repeats.flatMap((count) => {
      at += count === 1 ? 1 : 2;
      return count === 1 ? [] : [at - 2];
    });
    return [copies.length ? builder.reduceSum(builder.reshape(dy, apart), copies, false) : dy];
  },

  DepthToSpace({ builder, node, inputs, dy, shapeOf }) {
    const size = intOf(node, 'blocksize', 1);
    if (stringOf(node, 'mode', 'DCR') === 'DCR')
      return [builder.op('SpaceToDepth', [dy], { blocksize: size })];
    const [, channels, height, width] = shapeOf(inputs[0]);
    const blocks = builder.reshape(dy, [-1, channels / size ** 2, height, size, width, size]);
    const depth = builder.transpose(blocks, [0, 1, 3, 5, 2, 4]);
    return [builder.reshape(depth, [-1, channels, height, width])];
  },

  SpaceToDepth: ({ builder, node, dy }) => [
    builder.op('DepthToSpace', [dy], { blocksize: intOf(node, 'blocksize', 1) }),
  ],
};
