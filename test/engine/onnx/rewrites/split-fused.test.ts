import { create } from '@bufbuild/protobuf';

import type { NodeFields } from '../../../../engine/onnx/graph';
import { AttributeProtoSchema, OperatorSetIdProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { splitFused } from '../../../../engine/onnx/rewrites/split-fused';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

it.each<[string, number[], boolean]>([
  ['Relu', [], false],
  ['Relu', [], true],
  ['Sigmoid', [], false],
  ['Tanh', [], false],
  ['LeakyRelu', [0.2], false],
  ['Clip', [-0.5, 1.5], true],
])('a FusedConv with %s %j is the Conv that it was (sum: %s)', async (activation, parameters, sums) => {
  const conv: NodeFields = {
    op: 'FusedConv',
    domain: 'com.microsoft',
    inputs: ['x', 'w', 'b', ...(sums ? ['z'] : [])],
    outputs: ['y'],
    attributes: { pads: [1, 1, 1, 1], kernel_shape: [3, 3], activation },
  };
  const graph = modelOf(['x', ['batch', 3, 6, 6]], [conv], ['y'], {
    w: randoms([4, 3, 3, 3], 1),
    b: randoms([4], 2),
    ...(sums && { z: randoms([1, 4, 6, 6], 3) }),
  });
  graph.model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  if (parameters.length)
    graph.nodes[0].attribute.push(
      create(AttributeProtoSchema, { name: 'activation_params', type: 6, floats: parameters }),
    );
  const image = randoms([1, 3, 6, 6], 4);
  const wanted = await runOnce(graph, image);
  splitFused(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Conv', ...(sums ? ['Add'] : []), activation]);
  expect(distance(await runOnce(graph, image), wanted)).toBeLessThan(1e-5);
});
