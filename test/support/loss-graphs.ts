import { declare } from '../../engine/onnx/extract';
import type { Graph, NodeFields } from '../../engine/onnx/graph';
import { serializeModel } from '../../engine/onnx/model';
import { floats, int64s, type Tensor } from '../../engine/tensor/tensor';
import { modelOf } from './graphs';

/** Cross-entropy as torch.onnx exports it: the mean of -log softmax(y)[label]. */
export const crossEntropy: NodeFields[] = [
  { op: 'LogSoftmax', inputs: ['y'], outputs: ['logs'], attributes: { axis: 1 } },
  { op: 'OneHot', inputs: ['labels', 'depth', 'values'], outputs: ['hot'], attributes: { axis: 1 } },
  { op: 'Mul', inputs: ['logs', 'hot'], outputs: ['picked'] },
  { op: 'ReduceSum', inputs: ['picked', 'axis'], outputs: ['each'], attributes: { keepdims: 0 } },
  { op: 'Neg', inputs: ['each'], outputs: ['lost'] },
  { op: 'ReduceMean', inputs: ['lost'], outputs: ['loss'], attributes: { keepdims: 0 } },
];
export const lossConstants = { depth: int64s([4]), values: floats([2], [0, 1]), axis: int64s([1]) };

/** A loss graph, in base64. */
export function lossOf(
  nodes: readonly NodeFields[],
  held: Readonly<Record<string, Tensor>>,
  {
    inputs = [['labels', ['batch'], 'int64']],
    opset = 18,
    out = 'loss',
  }: {
    inputs?: readonly (readonly [name: string, dims: (string | number)[], type: 'int64' | 'float32'])[];
    opset?: number;
    out?: string;
  } = {},
): string {
  const graph: Graph = modelOf(['y', ['batch', 4]], nodes, [out, []], held, opset);
  graph.model.graph!.input.push(...inputs.map(([name, dims, type]) => declare(name, dims, type)));
  return Buffer.from(serializeModel(graph)).toString('base64');
}
