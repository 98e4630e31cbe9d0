import { intOf } from './node-attributes';
import type { Graph, Node } from './graph';
import { TensorProto_DataType as DataType } from './proto/onnx_pb';

/** Element types (ONNX's codes) by value. */
export type ElementTypes = ReadonlyMap<string, number>;

type Rule = (node: Node, type: (value: string | undefined) => number | undefined) => (number | undefined)[];

const always =
  (...types: number[]): Rule =>
  () =>
    types;
const table: [operators: string, rule: Rule][] = [
  ['Shape Size NonZero ArgMax ArgMin NonMaxSuppression', always(DataType.INT64)],
  ['Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN IsInf', always(DataType.BOOL)],
  ['Cast', (node) => [intOf(node, 'to', 0)]],
  ['CastLike', (node, type) => [type(node.input[1])]],
  ['Where', (node, type) => [type(node.input[1])]],
  ['OneHot', (node, type) => [type(node.input[2])]],
  ['ConstantOfShape', (node) => [node.attribute.find(({ t }) => t)?.t?.dataType ?? DataType.FLOAT]],
  ['RandomNormal RandomUniform', (node) => [intOf(node, 'dtype', DataType.FLOAT)]],
  [
    'EyeLike RandomNormalLike RandomUniformLike Bernoulli',
    (node, type) => [intOf(node, 'dtype', 0) || type(node.input[0])],
  ],
  ['TopK', (node, type) => [type(node.input[0]), DataType.INT64]],
  ['MaxPool Unique', (node, type) => [type(node.input[0]), DataType.INT64, DataType.INT64, DataType.INT64]],
  ['Dropout', (node, type) => [type(node.input[0]), DataType.BOOL]],
  [
    'LayerNormalization',
    (node, type) => [
      type(node.input[0]),
      ...Array<number>(2).fill(intOf(node, 'stash_type', DataType.FLOAT)),
    ],
  ],
];
const rules = new Map(table.flatMap(([operators, rule]) => operators.split(' ').map((op) => [op, rule])));

/**
 * Infers the element types of the graph's values. Most operators compute in the type of their first tensor; the others
 * are rows of the table above. A type that the model itself declares takes precedence.
 * @param settled types of initializers that replace their own; 0 if one follows the values it is combined with
 */
export function elementTypes(graph: Graph, settled: ElementTypes = new Map()): ElementTypes {
  const types = new Map<string, number>();
  const proto = graph.model.graph!;
  const declared = new Map<string, number>();
  for (const { name, type } of [...proto.valueInfo, ...proto.input, ...proto.output])
    if (type?.value.case === 'tensorType' && type.value.value.elemType)
      declared.set(name, type.value.value.elemType);
  for (const { name } of proto.input) if (declared.has(name)) types.set(name, declared.get(name)!);
  for (const { name, dataType } of proto.initializer) {
    const own = settled.get(name) ?? dataType;
    if (own) types.set(name, own);
  }
  const type = (value: string | undefined) => (value ? types.get(value) : undefined);
  for (const node of graph.nodes) {
    const rule = node.domain ? undefined : rules.get(node.opType);
    const first = node.input.map(type).find((found) => found !== undefined);
    const results = rule ? rule(node, type) : node.output.map(() => first);
    node.output.forEach((value, at) => {
      const result = declared.get(value) ?? results[at];
      if (value && result) types.set(value, result);
    });
  }
  return types;
}
