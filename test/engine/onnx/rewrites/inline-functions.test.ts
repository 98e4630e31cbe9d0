import { create } from '@bufbuild/protobuf';

import { attribute } from '../../../../engine/onnx/node-attributes';
import { makeNode } from '../../../../engine/onnx/graph';
import { macsOf } from '../../../../engine/onnx/layers';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
} from '../../../../engine/onnx/proto/onnx_pb';
import { inlineFunctions } from '../../../../engine/onnx/rewrites/inline-functions';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

/** A function `own::Block(x, w)`: Conv, then LeakyRelu with the call's `slope`, which may be left out; called twice. */
function calling(opset: bigint) {
  const graph = modelOf(
    ['x', ['batch', 2, 5, 5]],
    [
      {
        op: 'Block',
        domain: 'own',
        name: 'one',
        inputs: ['x', 'w1'],
        outputs: ['a'],
        attributes: { alpha: 0.3 },
      },
      { op: 'Block', domain: 'own', name: 'two', inputs: ['a', 'w2'], outputs: ['y'] },
    ],
    ['y', ['batch', 2, 1, 1]],
    { w1: randoms([3, 2, 3, 3], 1), w2: randoms([2, 3, 3, 3], 2) },
  );
  const leaky = makeNode({ op: 'LeakyRelu', inputs: ['inner'], outputs: ['out'] });
  leaky.attribute = [
    create(AttributeProtoSchema, {
      name: 'alpha',
      refAttrName: 'alpha',
      type: AttributeProto_AttributeType.FLOAT,
    }),
  ];
  graph.model.functions = [
    create(FunctionProtoSchema, {
      domain: 'own',
      name: 'Block',
      input: ['in', 'weight'],
      output: ['out'],
      attributeProto: [attribute('alpha', 0.01)],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: opset })],
      node: [makeNode({ op: 'Conv', inputs: ['in', 'weight'], outputs: ['inner'] }), leaky],
    }),
  ];
  graph.model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n }));
  return graph;
}

it('the body of a function takes the place of its calls, with their attributes', async () => {
  const graph = calling(18n);
  const x = randoms([2, 2, 5, 5], 3);
  const expected = await runOnce(graph, x);
  inlineFunctions(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Conv', 'LeakyRelu', 'Conv', 'LeakyRelu']);
  expect(macsOf(graph)).toBe(54 * 9 + 54);
  expect(distance(await runOnce(graph, x), expected)).toBeLessThan(1e-6);
});

it('a function of another operator set stays a call, and a note says so', () => {
  const graph = calling(13n);
  inlineFunctions(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Block', 'Block']);
  expect(graph.context.notes).toEqual([
    expect.stringContaining('model-local function Block could not be inlined'),
  ]);
});

/** A model that calls `own::F0(x)`, with the functions that it has. */
function callingAll(
  functions: readonly { readonly calls: readonly string[]; readonly outputs?: readonly string[] }[],
) {
  const graph = modelOf(
    ['x', ['n', 2]],
    [{ op: 'F0', domain: 'own', name: 'call', inputs: ['x'], outputs: ['y'] }],
    ['y'],
    {},
  );
  graph.model.functions = functions.map(({ calls, outputs = [`v${calls.length}`] }, at) =>
    create(FunctionProtoSchema, {
      domain: 'own',
      name: `F${at}`,
      input: ['v0'],
      output: [...outputs],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })],
      node: calls.map((op, index) =>
        makeNode({
          op,
          domain: op === 'Relu' ? '' : 'own',
          inputs: [`v${index}`],
          outputs: [`v${index + 1}`],
        }),
      ),
    }),
  );
  return graph;
}

it.each([
  ['itself', [{ calls: ['F0'] }]],
  ['itself by way of another', [{ calls: ['F1'] }, { calls: ['Relu', 'F0'] }]],
])('a function that calls %s is refused', (_, functions) => {
  expect(() => inlineFunctions(callingAll(functions))).toThrow(/model-local function F\d calls itself/);
});

it('functions that multiply are refused once there are too many nodes, even if they hold none', () => {
  const doubling = (last: string[]) =>
    Array.from({ length: 40 }, (_, at) => ({ calls: at < 39 ? [`F${at + 1}`, `F${at + 1}`] : last }));
  for (const last of [['Relu'], []])
    expect(() => inlineFunctions(callingAll(doubling(last)))).toThrow(/expand to more than 200000 nodes/);
});

it('a chain of functions is as long as it likes, and each value has a name of its own', () => {
  const graph = callingAll(
    Array.from({ length: 2000 }, (_, at) => ({ calls: at < 1999 ? ['Relu', `F${at + 1}`] : ['Relu'] })),
  );
  inlineFunctions(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(Array<string>(2000).fill('Relu'));
  expect(new Set(graph.nodes.flatMap(({ output }) => output)).size).toBe(2000);
  expect(graph.nodes.at(-1)!.output).toEqual(['y']);
  expect(graph.nodes.every(({ name }) => name.length < 300)).toBe(true);
});

it('an output that is an input comes through an Identity', async () => {
  const graph = callingAll([{ calls: ['Relu'], outputs: ['v0'] }]);
  inlineFunctions(graph);
  const x = randoms([3, 2], 4);
  expect(distance(await runOnce(graph, x), x)).toBe(0);
});
