import { clone } from '@bufbuild/protobuf';

import { intsOf, setAttribute } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { NodeProtoSchema } from '../../onnx/proto/onnx_pb';
import { type GradientContext, refuse } from './rule';
import type { Shape } from '../emit/batch-shapes';

/**
 * Computes gradients of a node with one or two spatial axes by a rule for two: a tensor [N, C, L] is treated as [N, C,
 * 1, L].
 * @param spatial the inputs that have spatial axes
 */
export function onPlanes(
  context: GradientContext,
  spatial: readonly number[],
  rule: (context: GradientContext) => (string | undefined)[],
): (string | undefined)[] {
  const { builder, inputs, output, dy, shapeOf } = context;
  const rank = shapeOf(inputs[0]).length;
  if (rank === 4) return rule(context);
  if (rank !== 3) refuse(context, `it has ${rank - 2} spatial axes; there are gradients for 1 and 2`);
  const lifted = new Map<string, Shape>();
  const lift = (value: string, shape = shapeOf(value)) => {
    const dims = [...shape.slice(0, 2), 1, ...shape.slice(2)];
    const planes = builder.reshape(value, dims);
    lifted.set(planes, dims);
    return planes;
  };
  const gradients = rule({
    ...context,
    node: withPlaneAttributes(context.node),
    inputs: inputs.map((value, at) => (spatial.includes(at) ? lift(value) : value)),
    output: lift(output),
    dy: lift(dy, shapeOf(output)),
    shapeOf: (value) => lifted.get(value) ?? shapeOf(value),
  });
  return gradients.map((gradient, at) =>
    gradient && spatial.includes(at) ? builder.reshape(gradient, shapeOf(inputs[at])) : gradient,
  );
}

/** Values of a spatial attribute for an axis of length 1 on which nothing moves. */
const still = { kernel_shape: 1, strides: 1, dilations: 1, output_padding: 0, output_shape: 1 };

/** Copies a node over one spatial axis with its attributes written for two. */
function withPlaneAttributes(node: Node): Node {
  const copy = clone(NodeProtoSchema, node);
  for (const [name, value] of Object.entries(still)) {
    const given = intsOf(node, name);
    if (given) setAttribute(copy, name, [value, ...given]);
  }
  const pads = intsOf(node, 'pads');
  if (pads) setAttribute(copy, 'pads', [0, pads[0], 0, pads[1]]);
  return copy;
}
