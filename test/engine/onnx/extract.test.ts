import { create } from '@bufbuild/protobuf';

import { declare, extract } from '../../../engine/onnx/extract';
import { makeNode, type NodeFields } from '../../../engine/onnx/graph';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
} from '../../../engine/onnx/proto/onnx_pb';
import { dropIdentities } from '../../../engine/onnx/rewrites/drop-identities';
import { Session } from '../../../engine/runtime/session';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

it('a network cut in two and run in turn computes what the whole does', async () => {
  const graph = openModel(digitsModel());
  const cut = layersOf(graph)[9].node.output[0];
  const open = [layersOf(graph)[9].node.input[0]]; // the residual stream beside the cut
  const x = randoms([2, 1, 28, 28], 1);
  const before = await Session.open(extract(graph, ['input'], [cut, ...open]), { threads: 1 });
  const behind = await Session.open(extract(graph, [cut, ...open], ['logits']), { threads: 1 });
  const { logits } = await behind.run(await before.run({ input: x }));
  expect(distance(logits, await runOnce(graph, x))).toBeLessThan(1e-5);
  await Promise.all([before.close(), behind.close()]);
});

it('refuses a cut that leaves something out', () => {
  const graph = openModel(digitsModel());
  expect(() => extract(graph, [layersOf(graph)[9].node.output[0]], ['logits'])).toThrow(
    /cannot compute logits without/,
  );
});

/** An If whose branches take `a` (and compute `inner`) or `c` from outside. */
function branching() {
  const branch = (name: string, nodes: NodeFields[]) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.GRAPH,
      g: create(GraphProtoSchema, {
        name,
        node: nodes.map(makeNode),
        output: [declare(nodes[nodes.length - 1].outputs[0])],
      }),
    });
  const graph = modelOf(
    ['x', [1, 2]],
    [
      { op: 'Relu', inputs: ['x'], outputs: ['a'] },
      { op: 'Identity', inputs: ['yes'], outputs: ['c'] },
      { op: 'Identity', inputs: ['a'], outputs: ['same'] },
      { op: 'If', inputs: ['c'], outputs: ['y'] },
    ],
    ['y'],
    { yes: { type: 'bool', dims: [], data: Uint8Array.from([1]) } },
  );
  graph.nodes[3].attribute = [
    branch('then_branch', [
      { op: 'Neg', inputs: ['same'], outputs: ['inner'] },
      { op: 'Neg', inputs: ['inner'], outputs: ['then'] },
    ]),
    branch('else_branch', [{ op: 'Identity', inputs: ['a'], outputs: ['else'] }]),
  ];
  return graph;
}

it('values that subgraphs define are not taken for values of the graph; those they read stay', async () => {
  const graph = branching();
  expect([...graph.capturesOf(graph.nodes[3])]).toEqual(['same', 'a']);
  const x = randoms([1, 2], 1);
  const expected = await runOnce(graph, x);
  expect(await runOnce(extract(graph, ['x'], ['y']), x)).toEqual(expected);
  dropIdentities(graph);
  expect(await runOnce(graph, x)).toEqual(expected);
});
