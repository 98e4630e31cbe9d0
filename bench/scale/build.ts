import { create } from '@bufbuild/protobuf';

import { declare } from '../../engine/onnx/extract';
import { Graph, makeNode, type Node, type NodeFields } from '../../engine/onnx/graph';
import { GraphProtoSchema, ModelProtoSchema, type TensorProto } from '../../engine/onnx/proto/onnx_pb';
import { encodeTensor } from '../../engine/onnx/tensor-proto';
import { floats, type Tensor } from '../../engine/tensor/tensor';

/** A graph of `n` units of its kind, from x [batch, 4, 8, 8]. */
export interface Parts {
  readonly nodes: Node[];
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly output: string;
}

/** Makes weights that are the same for the same seed. */
export const weight = (dims: readonly number[], seed: number): Tensor =>
  floats(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(seed + at) / 4),
  );

/** Makes a classifier of `n` classes. */
export function classifier(n: number): Parts {
  const nodes: NodeFields[] = [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] },
    { op: 'GlobalAveragePool', inputs: ['c'], outputs: ['g'] },
    { op: 'Flatten', inputs: ['g'], outputs: ['f'] },
    { op: 'Gemm', inputs: ['f', 'fc'], outputs: ['y'] },
  ];
  const constants = { w: weight([4, 4, 1, 1], 1), fc: weight([4, n], 2) };
  return { nodes: nodes.map(makeNode), constants, output: 'y' };
}

/** Makes the graph of some parts. */
export function build({ nodes, constants, output }: Parts): Graph {
  const initializer: TensorProto[] = Object.entries(constants).map(([name, tensor]) =>
    encodeTensor(name, tensor),
  );
  const graph = create(GraphProtoSchema, {
    name: 'large',
    node: nodes,
    initializer,
    input: [declare('x', ['batch', 4, 8, 8])],
    output: [declare(output)],
  });
  return new Graph(
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 18n }], graph }),
  );
}
