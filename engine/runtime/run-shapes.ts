import { create } from '@bufbuild/protobuf';

import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';
import { typeOf } from '../onnx/tensor-proto';
import { numbersOf, type Tensor } from '../tensor/tensor';
import type { DrawnInput } from './feeds';
import type { DrawnRun } from './guard/guarded-task';
import { guardedRun } from './guard/guarded-run';
import { Session } from './session';

/** Tensors fed to a graph for one run, by input name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Shapes of values in a run, by value. */
type RunShapes = Map<string, readonly number[]>;

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
): Promise<RunShapes[]> {
  const probe = probeOf(
    graph,
    values,
    runs.map((feeds) => Object.entries(feeds).map(([name, { type, dims }]) => ({ name, type, dims }))),
  );
  const session = await Session.open(probe, { threads: 1, optimize: 'disabled', provider: 'cpu' });
  try {
    const found: RunShapes[] = [];
    for (const feeds of runs) found.push(shapesIn(await session.run(feeds), values));
    return found;
  } finally {
    await session.close();
  }
}

/**
 * Measures shapes as `shapesOfRuns` does, on drawn inputs, in a process with limits (`guardedRun`).
 * @throws EngineError `UnsupportedModel` as `guardedRun` does
 */
export async function shapesOfDrawnRuns(
  graph: Graph,
  values: readonly string[],
  runs: readonly DrawnRun[],
): Promise<RunShapes[]> {
  const probe = probeOf(
    graph,
    values,
    runs.map(({ inputs }) => inputs),
  );
  return (await guardedRun(probe, runs)).map((results) => shapesIn(results, values));
}

const shapeName = (value: string) => `shape of ${value}`;

const shapesIn = (results: Feeds, values: readonly string[]): RunShapes =>
  new Map(values.map((value) => [value, numbersOf(results[shapeName(value)])]));

/** Makes a model that returns the shapes of `values`, and takes the inputs of all runs. */
function probeOf(graph: Graph, values: readonly string[], runs: readonly (readonly DrawnInput[])[]): Graph {
  const readers = values.map((value) =>
    makeNode({ op: 'Shape', inputs: [value], outputs: [shapeName(value)] }),
  );
  const inputs = graph.inputs.map(({ name, elementType }) => {
    const [{ dims, type }, ...others] = runs.map((run) => run.find((input) => input.name === name)!);
    const fixed = (axis: number) => others.every((other) => other.dims[axis] === dims[axis]);
    return declare(
      name,
      dims.map((dim, axis) => (fixed(axis) ? dim : undefined)),
      typeOf(elementType) ?? type,
    );
  });
  const { graph: proto, ...rest } = graph.model;
  return new Graph(
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
}
