import { clone, create } from '@bufbuild/protobuf';

import type { Random } from '../../../engine/data/random';
import { makeNode } from '../../../engine/onnx/graph';
import { attribute } from '../../../engine/onnx/node-attributes';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../../engine/onnx/proto/onnx_pb';
import { encodeTensor } from '../../../engine/onnx/tensor-proto';
import { pick } from './bytes';
import { oddTexts } from './fields';
import { anyAttribute, anyNode, anyValue, type Change, nodesOf, number, operators } from './model-parts';

/** Puts nodes between a value and one that reads it. */
function insertBefore(
  model: ModelProto,
  random: Random,
  make: (from: string, to: string) => NodeProto[],
): void {
  const nodes = nodesOf(model);
  const at = random.below(nodes.length + 1);
  const reader = nodes[at] as NodeProto | undefined;
  const from = reader?.input[0] ?? anyValue(model, random);
  const to = `fuzz_${random.below(1_000_000)}`;
  const added = make(from, to);
  if (reader?.input.length) reader.input[0] = to;
  else model.graph?.output.push(create(ValueInfoProtoSchema, { name: to }));
  nodes.splice(at, 0, ...added);
}

const constant = (model: ModelProto, random: Random, values: bigint[]): string => {
  const name = `fuzz_c${random.below(1_000_000)}`;
  const data = BigInt64Array.from(values.map((value) => BigInt.asIntN(64, value)));
  model.graph!.initializer.push(encodeTensor(name, { type: 'int64', dims: [data.length], data }));
  return name;
};

const subgraph = (model: ModelProto, random: Random) =>
  create(GraphProtoSchema, {
    name: 'body',
    node: [
      makeNode({
        op: pick(random, ['Identity', 'Relu', 'Shape']),
        inputs: [anyValue(model, random)],
        outputs: ['inner'],
      }),
    ],
    input: random.below(2)
      ? [
          create(ValueInfoProtoSchema, { name: 'iteration' }),
          create(ValueInfoProtoSchema, { name: 'going' }),
        ].slice(random.below(3))
      : [],
    output: [
      create(ValueInfoProtoSchema, {
        name: pick(random, ['inner', 'inner', 'going', anyValue(model, random)]),
      }),
    ],
  });

const withGraph = (name: string, g: NonNullable<ReturnType<typeof subgraph>>) =>
  create(AttributeProtoSchema, { name, type: 5, g });

/** Changes of nodes: attributes, operators, names, connections, sizes, subgraphs, functions, versions, the interface. */
export const graphChanges: readonly Change[] = [
  // attributes
  (model, random) => {
    const node = anyNode(model, random);
    const found = node && pick(random, node.attribute);
    if (!found) return;
    if (random.below(3)) found.ints = found.ints.map((value) => (random.below(2) ? number(random) : value));
    if (!random.below(3)) found.i = number(random);
    if (!random.below(5)) found.type = random.below(15);
    if (!random.below(5)) found.ints.push(number(random));
  },
  (model, random) => {
    const node = anyNode(model, random);
    if (!node) return;
    const [name, value] = anyAttribute(random);
    node.attribute = node.attribute.filter((other) => other.name !== name);
    node.attribute.push(attribute(name, value));
  },
  // operators, names, connections
  (model, random) => {
    const node = anyNode(model, random);
    if (node) node.opType = pick(random, operators);
  },
  (model, random) => {
    const node = anyNode(model, random);
    if (!node) return;
    const name = pick(random, oddTexts);
    const old = node.output[0];
    if (!random.below(3)) node.domain = name;
    else if (random.below(2)) node.name = name;
    else if (old !== undefined)
      for (const other of nodesOf(model)) {
        other.input = other.input.map((value) => (value === old ? name : value));
        other.output = other.output.map((value) => (value === old ? name : value));
      }
  },
  (model, random) => {
    const node = anyNode(model, random);
    if (!node) return;
    const at = random.below(node.input.length + 1);
    node.input.splice(at, random.below(2), random.below(4) ? anyValue(model, random) : '');
  },
  (model, random) => {
    const node = anyNode(model, random);
    const list = node && (random.below(2) ? node.input : node.output);
    if (list?.length) list.splice(random.below(list.length), 1);
  },
  (model, random) => {
    const nodes = nodesOf(model);
    const [a, b] = [random.below(nodes.length), random.below(nodes.length)];
    if (random.below(2)) [nodes[a], nodes[b]] = [nodes[b], nodes[a]];
    else if (nodes[a]) nodes.splice(b, 0, clone(NodeProtoSchema, nodes[a]));
  },
  // what allocates by a number in the file
  (model, random) =>
    insertBefore(model, random, (from, to) => {
      const sizes = constant(
        model,
        random,
        Array.from({ length: 1 + random.below(5) }, () => number(random)),
      );
      const node = (op: string, inputs: string[], outputs = [to]) => makeNode({ op, inputs, outputs });
      return pick<() => NodeProto[]>(random, [
        () => [node('Expand', [from, sizes])],
        () => [node('Tile', [from, sizes])],
        () => [node('Reshape', [from, sizes])],
        () => [node('ConstantOfShape', [sizes], [`${to}.c`]), node('Add', [from, `${to}.c`])],
        () => [node('Range', [sizes, sizes, sizes], [`${to}.r`]), node('Add', [from, `${to}.r`])],
        () => [node('Pad', [from, sizes])],
        () => [node('Resize', [from, '', '', sizes])],
        () => [node('Slice', [from, sizes, sizes])],
        () => [node('TopK', [from, sizes], [to, `${to}.at`])],
        () => [node('OneHot', [from, sizes, sizes])],
        () => [node('Unsqueeze', [from, sizes])],
        () => [node('Split', [from, sizes], [to, `${to}.2`])],
      ])();
    }),
  // what doubles in size, again and again
  (model, random) =>
    insertBefore(model, random, (from, to) =>
      Array.from({ length: 1 + random.below(40) }).map((_, at, list) => {
        const last = at === list.length - 1;
        const input = at ? `${to}.${at - 1}` : from;
        const axis = BigInt(random.below(4));
        return makeNode({
          op: 'Concat',
          inputs: [input, input],
          outputs: [last ? to : `${to}.${at}`],
          attributes: { axis },
        });
      }),
    ),
  // subgraphs
  (model, random) =>
    insertBefore(model, random, (from, to) => {
      const count = constant(model, random, [number(random)]);
      const [op, names, inputs] = pick<[string, string[], string[]]>(random, [
        ['If', ['then_branch', 'else_branch'], [from]],
        ['Loop', ['body'], [count, '', from]],
        ['Loop', ['body'], ['', '', from]],
        ['Scan', ['body'], [from]],
      ]);
      const node = makeNode({ op, inputs, outputs: [to] });
      node.attribute = names.map((name) => withGraph(name, subgraph(model, random)));
      return [node];
    }),
  // functions: of a node's own, calling another, or itself
  (model, random) => {
    const node = anyNode(model, random);
    if (!node) return;
    const name = pick(random, ['F', 'G', 'Conv', 'constructor', node.opType]);
    const domain = pick(random, ['local', 'local', '', 'constructor']);
    const inner = clone(NodeProtoSchema, node);
    if (!random.below(3)) Object.assign(inner, { opType: pick(random, ['F', 'G', name]), domain });
    const outputs = random.below(4) ? [...node.output] : node.output.slice(1);
    model.functions.push(
      create(FunctionProtoSchema, {
        name,
        domain,
        input: [...node.input],
        output: outputs,
        node: Array.from({ length: 1 + random.below(3) }, () => clone(NodeProtoSchema, inner)),
        opsetImport: random.below(3) ? model.opsetImport.map((one) => ({ ...one })) : [],
      }),
    );
    Object.assign(node, { opType: name, domain });
    if (!model.opsetImport.some((one) => one.domain === domain))
      model.opsetImport.push({ ...model.opsetImport[0], domain, version: 1n });
  },
  // sparse weights
  (model, random) => {
    const [values, indices] = [
      pick(random, model.graph!.initializer),
      pick(random, model.graph!.initializer),
    ];
    if (!values || !indices) return;
    const dims = Array.from({ length: random.below(4) }, () => number(random));
    model.graph!.sparseInitializer.push(create(SparseTensorProtoSchema, { values, indices, dims }));
  },
  // versions
  (model, random) => {
    const found = pick(random, model.opsetImport) as ModelProto['opsetImport'][number] | undefined;
    if (random.below(3) && found)
      found.version = random.below(4) ? BigInt(7 + random.below(20)) : number(random);
    else model.irVersion = number(random);
  },
  // the interface
  (model, random) => {
    const { input, output } = model.graph!;
    const name = anyValue(model, random);
    const choice = random.below(4);
    if (choice < 2) output.push(create(ValueInfoProtoSchema, { name }));
    else if (choice === 2) input.push(create(ValueInfoProtoSchema, { name }));
    else pick(random, [input, output]).splice(0, 1);
  },
];
