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
