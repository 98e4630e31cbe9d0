import { fromHalves } from '../../tensor/float16';
import { floats } from '../../tensor/tensor';
import { elementTypes } from '../element-types';
import type { Graph } from '../graph';
import {
  type GraphProto,
  type NodeProto,
  TensorProto_DataType as DataType,
  type TypeProto,
} from '../proto/onnx_pb';
import { decodeTensor, encodeTensor } from '../tensor-proto';
import { allTensors, graphsOf } from '../walk';

const half: number = DataType.FLOAT16;

/** Attributes that name an element type. */
export const typeAttributes = new Set(['to', 'dtype']);

/**
 * Turns a float16 graph into one of 32-bit floats, in which the engine computes: inputs, outputs, weights, Casts and
 * constants, including subgraphs. The graph's context records which values were float16; `narrowHalves` undoes it.
 * Requires that functions with float16 inside have been inlined; graphs with others are left unchanged, with a note.
 */
export function widenHalves(graph: Graph): void {
  const { model } = graph;
  const main = model.graph!;
  if (model.functions.some(({ node }) => node.some(hasHalfAttribute))) {
    graph.note('model-local functions use float16: the model and its weights stay in float16');
    return;
  }
  const isHalf = (tensor: { dataType?: number }) => tensor.dataType === half;
  const graphs = [...graphsOf(main)];
  const found =
    [...allTensors(model)].some(isHalf) ||
    graphs.some(({ input, node }) => input.some(({ type }) => halfType(type)) || node.some(hasHalfAttribute));
  if (!found) return;
  const types = [...elementTypes(graph)];
  const valuesOf = (wanted: number) =>
    new Set(types.flatMap(([name, type]) => (type === wanted ? [name] : [])));
  const [values, single] = [valuesOf(DataType.FLOAT16), valuesOf(DataType.FLOAT)];
  for (const name of graph.initializers) {
    const tensor = graph.constant(name);
    if (tensor?.type === 'float16')
      graph.setConstant(name, floats(tensor.dims, fromHalves(tensor.data as Uint16Array)));
  }
  for (const inner of graphs) widenGraph(inner, values, inner !== main);
  graph.context = {
    ...graph.context,
    halves: { values, single, cast: new Set() },
  };
}

function widenGraph(graph: GraphProto, values: Set<string>, nested: boolean): void {
  for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (!halfType(type)) continue;
    values.add(name);
    setElementType(type!, DataType.FLOAT);
  }
  if (nested) {
    graph.initializer.forEach((tensor, at) => {
      if (tensor.dataType !== half) return;
      values.add(tensor.name);
      graph.initializer[at] = encodeTensor(
        tensor.name,
        floats(tensor.dims.map(Number), fromHalves(decodeTensor(tensor)!.data as Uint16Array)),
      );
    });
  }
  for (const node of graph.node) {
    if (!hasHalfAttribute(node)) continue;
    node.output.filter(Boolean).forEach((value) => values.add(value));
    for (const attribute of node.attribute) {
      if (attribute.t?.dataType === half) {
        const { dims, data } = decodeTensor(attribute.t)!;
        attribute.t = encodeTensor(attribute.t.name, floats(dims, fromHalves(data as Uint16Array)));
      }
      if (typeAttributes.has(attribute.name) && attribute.i === BigInt(DataType.FLOAT16))
        attribute.i = BigInt(DataType.FLOAT);
    }
  }
}

const hasHalfAttribute = ({ attribute }: NodeProto): boolean =>
  attribute.some(
    ({ name, i, t }) => t?.dataType === half || (typeAttributes.has(name) && i === BigInt(DataType.FLOAT16)),
  );

function halfType(type: TypeProto | undefined): boolean {
  return type?.value.case === 'tensorType' && type.value.value.elemType === half;
}

/** Sets the element type of a tensor's type. */
export function setElementType(type: TypeProto, elementType: DataType): void {
  if (type.value.case === 'tensorType') type.value.value.elemType = elementType;
}
