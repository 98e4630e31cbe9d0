import { floatOf } from '../onnx/attributes';
import type { Graph, Node } from '../onnx/graph';
import { floats } from '../tensor/tensor';
import type { Builder } from './builder';
import type { Shape } from './shapes';

/**
 * Emits a BatchNormalization by its running statistics as operators that the gradient table knows: y = x · f + s with
 * f = scale/deviation and s = shift - mean · f. Scale and shift are trained on, the statistics are constants.
 */
export function frozenNorm(
  builder: Builder,
  graph: Graph,
  node: Node,
  shapeOf: (value: string) => Shape,
): void {
  const [x, scale, shift, ...statistics] = node.input;
  const [mean, variance] = statistics.map((name) => graph.constant(name)!.data as Float32Array);
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const channels = [mean.length];
  const constant = (values: Float32Array) => builder.constant(floats(channels, values));
  const shaped = (dims: Shape, op: string, inputs: string[], output?: string) => {
    const value = builder.op(op, inputs, {}, output);
    builder.shapes.set(value, dims);
    return value;
  };
  const inverse = constant(variance.map((value) => 1 / Math.sqrt(value + epsilon)));
  const factor = shaped(channels, 'Mul', [scale, inverse]);
  const moved = shaped(channels, 'Mul', [factor, constant(mean)]);
  const offset = shaped(channels, 'Sub', [shift, moved]);
  const dims = shapeOf(x);
  const wide = [1, mean.length, ...dims.slice(2).map(() => 1)];
  const [f, s] = [factor, offset].map((value) => shaped(wide, 'Reshape', [value, builder.ints(wide)]));
  const scaled = shaped(dims, 'Mul', [x, f]);
  shaped(dims, 'Add', [scaled, s], node.output[0]);
}
