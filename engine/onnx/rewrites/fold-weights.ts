import { sizeOf, type Tensor, type TensorData } from '../../tensor/tensor';
import { intsOf } from '../node-attributes';
import type { Graph, Node } from '../graph';
import { inferShapes, type Shapes } from '../shapes';

const reshapes = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/**
 * Turns a weight that passes through a Transpose, Reshape, Flatten, Squeeze or Unsqueeze (as in Keras and PyTorch's
 * linear layers) into an initializer of the form its reader takes, so that the reader is a layer like any other. A
 * weight that other nodes read too is left alone, since a copy of it would make the model larger.
 */
export function foldWeights(graph: Graph): void {
  let shapes: Shapes | undefined;
  for (const node of [...graph.nodes]) {
    if (node.domain || !(node.opType === 'Transpose' || reshapes.has(node.opType))) continue;
    const [source, target] = [node.input[0], node.output[0]];
    if (graph.constantType(source) !== 'float32' || graph.uses(source).length > 1) continue;
    if (graph.isOutput(source) || !graph.isReplaceable(target)) continue;
    const folded = fold(graph.constant(source)!, node, (shapes ??= inferShapes(graph)).get(target));
    if (!folded) continue;
    graph.replace(node, []);
    graph.setConstant(target, folded);
  }
  if (shapes) graph.removeDead();
}

function fold(weight: Tensor, node: Node, dims: readonly unknown[] | undefined): Tensor | undefined {
  if (!dims?.every((dim) => typeof dim === 'number') || sizeOf(dims) !== weight.data.length) return undefined;
  if (node.opType !== 'Transpose') return { ...weight, dims };
  return permute(weight, intsOf(node, 'perm') ?? weight.dims.map((_, axis) => axis).reverse());
}

/** Reorders a tensor's axes, as ONNX's Transpose does. */
export function permute(tensor: Tensor, order: readonly number[]): Tensor {
  const steps = tensor.dims.map((_, axis) => sizeOf(tensor.dims.slice(axis + 1)));
  const dims = order.map((axis) => tensor.dims[axis]);
  const strides = order.map((axis) => steps[axis]);
  const data = new (tensor.data.constructor as new (size: number) => TensorData)(tensor.data.length);
  const index = dims.map(() => 0);
  let from = 0;
  for (let at = 0; at < data.length; at++) {
    data[at] = tensor.data[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return { type: tensor.type, dims, data };
}
