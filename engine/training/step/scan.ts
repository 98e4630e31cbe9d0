import { clone, create } from '@bufbuild/protobuf';

import { Graph } from '../../onnx/graph';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../onnx/proto/onnx_pb';
import type { StateVector } from '../parameters/vectors';
import { makeLoop } from '../emit/subgraph';

/** Names a value of a step in the graph of many steps. */
export const ofSteps = (name: string): string => `steps/${name}`;

/**
 * Makes a graph of many steps per call: an ONNX Scan whose body is the graph of a step and whose state is its vectors,
 * like JAX's `lax.scan`. All other inputs and outputs get a first axis that counts the steps, of open size; all are
 * renamed by `ofSteps`. The body is the step's own graph, so that the result is bit-identical to single steps.
 * @param vectors inputs and outputs of `step`
 */
export function scanned(step: Graph, vectors: readonly StateVector[]): Graph {
  const { graph, ...model } = step.model;
  const { input, output } = graph!;
  const states = (values: readonly ValueInfoProto[], names: readonly string[]) =>
    names.map((name) => values.find((value) => value.name === name)!);
  const [before, after] = [
    states(
      input,
      vectors.map((vector) => vector.input),
    ),
    states(
      output,
      vectors.map((vector) => vector.output),
    ),
  ];
  const [fed, told] = [
    input.filter((value) => !before.includes(value)),
    output.filter((value) => !after.includes(value)),
  ];
  const [inputs, outputs] = [
    [...before, ...fed],
    [...after, ...told],
  ];
  const body = create(GraphProtoSchema, { ...graph!, name: 'step', input: inputs, output: outputs });
  const named = (values: readonly ValueInfoProto[]) => values.map(({ name }) => ofSteps(name));
  const node = makeLoop('Scan', { inputs: named(inputs), outputs: named(outputs) }, body, {
    num_scan_inputs: fed.length,
  });
  return new Graph(
    create(ModelProtoSchema, {
      ...model,
      graph: create(GraphProtoSchema, {
        name: 'steps',
        node: [node],
        input: [...before.map(whole), ...fed.map(stacked)],
        output: [...after.map(whole), ...told.map(stacked)],
      }),
    }),
    step.context,
  );
}

/** Declares a state's vector outside the Scan. */
function whole(value: ValueInfoProto): ValueInfoProto {
  return { ...clone(ValueInfoProtoSchema, value), name: ofSteps(value.name) };
}

/** Declares a value with one entry per step. */
function stacked(value: ValueInfoProto): ValueInfoProto {
  const copy = whole(value);
  const { value: type } = copy.type!;
  if (type.case === 'tensorType')
    type.value.shape?.dim.unshift(
      create(TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'steps' } }),
    );
  return copy;
}
