import { floatOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from '../gradients';

/** `dy` where `mask` holds, zero elsewhere. ONNX Runtime's Where branches on each element; this is many times faster. */
const masked = ({ builder, dy }: GradientContext, mask: string) =>
  builder.op('Mul', [dy, builder.op('Cast', [mask], { to: 1 })]);

const greater = ({ builder }: GradientContext, a: string, b: string) => builder.op('Greater', [a, b]);

/** Functions of one tensor, element by element. */
export const pointwise: Readonly<Record<string, GradientRule>> = {
  Relu: (context) => [masked(context, greater(context, context.output, context.builder.scalar(0)))],

  LeakyRelu(context) {
    const { builder, node, inputs, dy } = context;
    const slope = builder.scalar(floatOf(node, 'alpha', 0.01));
    const mask = greater(context, inputs[0], builder.scalar(0));
    return [builder.op('Where', [mask, dy, builder.op('Mul', [dy, slope])])];
  },

  /** Zero at the bounds themselves, as of PyTorch's relu6 and hardtanh. */
  Clip(context) {
    const { builder, inputs } = context;
    const above = inputs[1] ? masked(context, greater(context, inputs[0], inputs[1])) : context.dy;
    if (!inputs[2]) return [above];
    return [masked({ ...context, dy: above }, builder.op('Less', [inputs[0], inputs[2]]))];
  },

  Sigmoid: ({ builder, output, dy }) => [
    builder.op('Mul', [builder.op('Mul', [dy, output]), builder.op('Sub', [builder.scalar(1), output])]),
  ],

  HardSigmoid(context) {
    const { builder, node, output, dy } = context;
    const inside = builder.op('And', [
      greater(context, output, builder.scalar(0)),
      builder.op('Less', [output, builder.scalar(1)]),
    ]);
    const slope = builder.scalar(floatOf(node, 'alpha', 0.2));
    return [masked({ ...context, dy: builder.op('Mul', [dy, slope]) }, inside)];
  },

  /** x · clip(x/6 + 1/2, 0, 1): slope 0 up to -3, 1 from 3 on, x/3 + 1/2 between. */
  HardSwish(context) {
    const { builder, inputs, dy } = context;
    const [x] = inputs;
    const line = builder.op('Add', [builder.op('Mul', [x, builder.scalar(1 / 3)]), builder.scalar(0.5)]);
    const below = builder.op('Where', [greater(context, x, builder.scalar(-3)), line, builder.scalar(0)]);
    const slope = builder.op('Where', [builder.op('Less', [x, builder.scalar(3)]), below, builder.scalar(1)]);
    return [builder.op('Mul', [dy, slope])];
  },

  Tanh: ({ builder, output, dy }) => [
    builder.op('Mul', [dy, builder.op('Sub', [builder.scalar(1), builder.op('Mul', [output, output])])]),
  ],

  Identity: ({ dy }) => [dy],

  /** Fine-tuning runs Dropout as inference does. */
  Dropout: ({ dy }) => [dy],
};
