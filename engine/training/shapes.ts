import { create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { ModelProtoSchema } from '../onnx/proto/onnx_pb';
import { Session } from '../runtime/session';
import { floats, numbersOf } from '../tensor/tensor';

/** A shape; -1 stands for a dimension that follows the batch. */
export type Shape = readonly number[];

/**
 * The shape of every value of a graph with one image input, found by running it on two batch sizes: exact wherever
 * ONNX Runtime can run the model, whatever its operators.
 * @param image [C, H, W].
 * @throws EngineError `UnsupportedModel` when the model does not run on batches of more than one size.
 */
export async function measureShapes(graph: Graph, image: readonly number[]): Promise<Map<string, Shape>> {
  const [{ name: input }] = graph.inputs;
  const values = [input, ...graph.nodes.flatMap((node) => node.output.filter(Boolean))];
  const shapeName = (value: string) => `shape of ${value}`;
  const nodes = values.map((value) =>
    makeNode({ op: 'Shape', inputs: [value], outputs: [shapeName(value)] }),
  );
  const { irVersion, opsetImport, graph: proto } = graph.model;
  const probe = new Graph(
    create(ModelProtoSchema, {
      irVersion,
      opsetImport,
      graph: {
        name: 'shapes',
        node: [...proto!.node, ...nodes],
        initializer: proto!.initializer,
        input: [declare(input, ['batch', ...image])],
        output: values.map((value) => declare(shapeName(value), undefined, 'int64')),
      },
    }),
  );
  const session = await Session.open(probe, { threads: 1, optimize: 'disabled', provider: 'cpu' });
  try {
    const [two, three] = [await run(session, input, [2, ...image]), await run(session, input, [3, ...image])];
    const shapes = new Map<string, Shape>();
    for (const value of values) {
      const other = numbersOf(three[shapeName(value)]);
      shapes.set(
        value,
        numbersOf(two[shapeName(value)]).map((dim, axis) => (dim === other[axis] ? dim : -1)),
      );
    }
    for (const name of graph.initializers) shapes.set(name, graph.constant(name)?.dims ?? []);
    return shapes;
  } finally {
    await session.close();
  }
}

async function run(session: Session, input: string, dims: readonly number[]) {
  try {
    return await session.run({ [input]: floats(dims) });
  } catch (error) {
    throw new EngineError(
      'UnsupportedModel',
      `the model does not run on images of shape [${dims.slice(1).join(', ')}] in batches of ${dims[0]}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
