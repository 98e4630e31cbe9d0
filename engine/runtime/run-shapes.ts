import { create } from '@bufbuild/protobuf';

import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';
import { typeOf } from '../onnx/tensor-proto';
import { numbersOf, type Tensor } from '../tensor/tensor';
import { Session } from './session';

/** Tensors fed to a graph for one run, by input name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Measures the shapes that `values` have in ONNX Runtime, a map for each of `runs`: exact if it can run the model,
 * whatever the operators. Only shapes leave the session. Inputs may have any size that is fed, whatever the model
 * declares.
 * @param values tensors of the main graph, including inputs
 * @throws EngineError `UnsupportedModel` if ONNX Runtime rejects the model, or fails on a run
 */
export async function shapesOfRuns(
  graph: Graph,
  values: readonly string[],
  runs: readonly Feeds[],
): Promise<Map<string, readonly number[]>[]> {
  const shapeName = (value: string) => `shape of ${value}`;
  const readers = values.map((value) =>
    makeNode({ op: 'Shape', inputs: [value], outputs: [shapeName(value)] }),
  );
  const inputs = graph.inputs.map(({ name, elementType }) => {
    const [{ dims, type }, ...others] = runs.map((feeds) => feeds[name]);
    const fixed = (axis: number) => others.every((other) => other.dims[axis] === dims[axis]);
    return declare(
      name,
      dims.map((dim, axis) => (fixed(axis) ? dim : undefined)),
      typeOf(elementType) ?? type,
    );
  });
  const { graph: proto, ...rest } = graph.model;
  const probe = new Graph(
    create(ModelProtoSchema, {
      ...rest,
      graph: create(GraphProtoSchema, {
        name: 'shapes',
        node: [...proto!.node, ...readers],
        initializer: proto!.initializer,
        input: inputs,
        output: values.map((value) => declare(shapeName(value), undefined, 'int64')),
      }),
    }),
    graph.context,
  );
  const session = await Session.open(probe, { threads: 1, optimize: 'disabled', provider: 'cpu' });
  try {
    const found: Map<string, readonly number[]>[] = [];
    for (const feeds of runs) {
      const shapes = await session.run(feeds);
      found.push(new Map(values.map((value) => [value, numbersOf(shapes[shapeName(value)])])));
    }
    return found;
  } finally {
    await session.close();
  }
}
