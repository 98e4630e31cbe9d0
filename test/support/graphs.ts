import { create } from '@bufbuild/protobuf';

import { declare } from '../../engine/onnx/extract';
import { Graph, makeNode, type NodeFields } from '../../engine/onnx/graph';
import type { Dim } from '../../engine/onnx/dims';
import { GraphProtoSchema, ModelProtoSchema } from '../../engine/onnx/proto/onnx_pb';
import { Session } from '../../engine/runtime/session';
import { floats, type FloatTensor, sizeOf, type Tensor } from '../../engine/tensor/tensor';
import { Random } from '../../engine/data/random';

/** Builds a small model: `nodes` between one input and one output, with float constants. */
export function modelOf(
  input: readonly [name: string, dims: readonly Dim[]],
  nodes: readonly NodeFields[],
  output: readonly [name: string, dims?: readonly Dim[]],
  constants: Readonly<Record<string, Tensor>>,
  opset = 18,
): Graph {
  const graph = new Graph(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: create(GraphProtoSchema, {
        name: 'test',
        node: nodes.map(makeNode),
        input: [declare(...input)],
        output: [declare(...output)],
      }),
    }),
  );
  Object.entries(constants).forEach(([name, tensor]) => graph.setConstant(name, tensor));
  return graph;
}

/** Normally distributed values (Box-Muller) from a seed. */
export function randoms(dims: readonly number[], seed: number): FloatTensor {
  const random = new Random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return floats(dims, Float32Array.from({ length: sizeOf(dims) }, normal));
}

/** Runs a model once in ONNX Runtime, as it stands. */
export async function runOnce(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    return (await session.run({ [session.inputs[0]]: x }))[session.outputs[0]];
  } finally {
    await session.close();
  }
}

/** The largest difference between two tensors, relative to the largest value. */
export function distance(a: Tensor, b: Tensor): number {
  expect(a.dims).toEqual(b.dims);
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  let [worst, largest] = [0, 1e-12];
  for (let i = 0; i < x.length; i++) {
    worst = Math.max(worst, Math.abs(x[i] - y[i]));
    largest = Math.max(largest, Math.abs(y[i]));
  }
  return worst / largest;
}
