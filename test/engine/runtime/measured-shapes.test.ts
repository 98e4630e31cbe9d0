import { create } from '@bufbuild/protobuf';

import { declare } from '../../../engine/onnx/extract';
import { type Graph, makeNode, type NodeFields } from '../../../engine/onnx/graph';
import { assumeSizes } from '../../../engine/onnx/input-size';
import { layersOf, macsOf, uncountedLayers } from '../../../engine/onnx/layers';
import { prepare } from '../../../engine/onnx/open-model';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  OperatorSetIdProtoSchema,
  type ValueInfoProto,
} from '../../../engine/onnx/proto/onnx_pb';
import { inferShapes, unknownOperators } from '../../../engine/onnx/shapes';
import { measureUnknownShapes } from '../../../engine/runtime/measured-shapes';
import { shapesOfRuns } from '../../../engine/runtime/run-shapes';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';
import { openModel } from '../../../engine/onnx/open-model';
import { expectPruned, groupsIn, Network, randomPlan } from '../pruning/network';

/** Lets a graph use the operators of another domain. */
function importing(graph: Graph, domain: string): Graph {
  graph.model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version: 1n }));
  return graph;
}

/** conv a → an operator of another domain → conv b → conv c → head, and how ONNX's own operators say the same. */
function behind(
  activation: (net: Network, x: string) => string,
  input?: (number | string)[],
  bodies: Readonly<Record<string, GraphProto>> = {},
): Graph {
  const net = new Network(1, input);
  const a = activation(net, net.conv('x', 3, 4, { name: 'a' }));
  const c = net.conv(net.relu(net.conv(a, 4, 6, { name: 'b' })), 6, 5, { name: 'c' });
  const graph = net.graph(net.head(c, 5));
  const node = graph.producer('q');
  for (const [name, g] of Object.entries(bodies))
    node!.attribute.push(create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g }));
  return graph;
}

const quick = (net: Network, x: string): string => {
  net.nodes.push({ op: 'QuickGelu', domain: 'com.microsoft', name: 'q', inputs: [x], outputs: ['q'] });
  return 'q';
};
const known = (net: Network, x: string) => net.op('Mul', [x, net.op('Sigmoid', [x])]);

describe('measureUnknownShapes', () => {
  it('counts the layers behind an operator that ONNX Runtime alone knows, and compresses them', async () => {
    const graph = importing(behind(quick), 'com.microsoft');
    expect(layersOf(graph).map(({ name }) => name)).toEqual(['a', 'head']);
    expect(groupsIn(graph).groups).toEqual([]);
    await measureUnknownShapes(graph);
    expect(inferShapes(graph).get('q')).toEqual(['batch', 4, 8, 8]);
    expect([uncountedLayers(graph), unknownOperators(graph, inferShapes(graph))]).toEqual([[], []]);
    expect(macsOf(graph)).toBe(macsOf(behind(known)));
    expect(graph.context.notes).toEqual([
      'shape inference does not know operator com.microsoft.QuickGelu: shapes after it were measured by running the model',
    ]);
    const found = groupsIn(graph);
    expect(found.groups.map(({ name, channels }) => [name, channels])).toEqual([
      ['c', 6],
      ['head', 5],
    ]);
    expect(found.frozen.find(({ name }) => name === 'b')?.why).toBe('operator QuickGelu (node q) is unknown');
    await expectPruned(graph, found, randomPlan(found, 1), 1);
  });

  it('agrees with the runtime behind standard operators without a row, with the batch open', async () => {
    const columns: NodeFields[] = [
      { op: 'Col2Im', inputs: ['x', 'size', 'block'], outputs: ['image'], name: 'fold' },
      { op: 'Conv', inputs: ['image', 'w'], outputs: ['y'], name: 'conv' },
    ];
    const constants = { size: int64s([6, 6]), block: int64s([2, 2]), w: randoms([3, 2, 3, 3], 1) };
    const graph = modelOf(['x', ['n', 8, 25]], columns, ['y'], constants);
    expect(unknownOperators(graph).map(({ operator }) => operator)).toEqual(['Col2Im']);
    await measureUnknownShapes(graph);
    const shapes = inferShapes(graph);
    expect([shapes.get('image'), shapes.get('y')]).toEqual([
      ['n', 2, 6, 6],
      ['n', 3, 4, 4],
    ]);
    const [real] = await shapesOfRuns(graph, ['image', 'y'], [{ x: floats([5, 8, 25]) }]);
    expect([...real]).toEqual([
      ['image', [5, 2, 6, 6]],
      ['y', [5, 3, 4, 4]],
    ]);
    expect(macsOf(graph)).toBe(3 * 2 * 9 * 16);
  });

  it('keeps what grows with the batch a multiple of it, and a batch that the model fixes a number', async () => {
    const turned: NodeFields[] = [
      { op: 'Reshape', inputs: ['x', 'rows'], outputs: ['r'] },
      { op: 'QuickGelu', domain: 'com.microsoft', inputs: ['r'], outputs: ['y'] },
    ];
    const graphOf = (batch: number | string) =>
      importing(modelOf(['x', [batch, 6, 4]], turned, ['y'], { rows: int64s([-1, 4]) }), 'com.microsoft');
    const [open, fixed] = [graphOf('batch'), graphOf(4)];
    await measureUnknownShapes(open);
    await measureUnknownShapes(fixed);
    expect([open, fixed].map((graph) => inferShapes(graph).get('y'))).toEqual([
      ['6*batch', 4],
      [24, 4],
    ]);
  });

  it('runs a model of open size at the size it was opened with', async () => {
    const graph = importing(behind(quick, ['batch', 3, 'height', 'width']), 'com.microsoft');
    const unsized = graph.clone();
    await measureUnknownShapes(unsized);
    expect(unsized.context.notes).toEqual([
      expect.stringMatching(
        /^shapes after operator com\.microsoft\.QuickGelu are unknown, and running the model to measure them failed: the size of input x is/,
      ),
    ]);
    assumeSizes(graph, [1, 3, 8, 8]);
    await measureUnknownShapes(graph);
    expect(macsOf(graph)).toBe(macsOf(behind(known)));
    expect(inferShapes(graph, { assume: false }).has('q')).toBe(false);
  });

  it('counts the layers behind If and Loop, whose subgraphs stay as they are', async () => {
    const within = (op: string, bodies: Readonly<Record<string, GraphProto>>, inputs: string[]) =>
      behind(
        (net, x) => {
          const given: Record<string, string> = {
            x,
            yes: net.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) }),
            twice: net.constant({ type: 'int64', dims: [], data: BigInt64Array.of(2n) }),
          };
          net.op(
            op,
            inputs.map((name) => given[name] ?? name),
            {},
            'q',
          );
          return 'q';
        },
        undefined,
        bodies,
      );
    const subgraph = (nodes: NodeFields[], inputs: ValueInfoProto[], outputs: ValueInfoProto[]) =>
      create(GraphProtoSchema, { name: 'body', node: nodes.map(makeNode), input: inputs, output: outputs });
    const branch = (op: string) =>
      subgraph([{ op, inputs: ['a'], outputs: [`${op}.y`] }], [], [declare(`${op}.y`)]);
    const body = subgraph(
      [
        { op: 'Identity', inputs: ['go'], outputs: ['on'] },
        { op: 'Tanh', inputs: ['state'], outputs: ['next'] },
      ],
      [declare('step', [], 'int64'), declare('go', [], 'bool'), declare('state')],
      [declare('on', [], 'bool'), declare('next')],
    );
    const graphs = [
      within('If', { then_branch: branch('Relu'), else_branch: branch('Neg') }, ['yes']),
      within('Loop', { body }, ['twice', '', 'x']),
    ];
    for (const graph of graphs) {
      await measureUnknownShapes(graph);
      expect(inferShapes(graph).get('q')).toEqual(['batch', 4, 8, 8]);
      expect(macsOf(graph)).toBe(macsOf(behind(known)));
      const found = groupsIn(graph);
      expect(found.frozen.map(({ name }) => name)).toEqual(['a', 'b']);
      await expectPruned(graph, found, randomPlan(found, 1), 1);
    }
  });

  it('leaves a model that cannot be run as it is, and says why', async () => {
    const mine = (net: Network, x: string) => {
      net.nodes.push({ op: 'Mine', domain: 'my.ops', name: 'q', inputs: [x], outputs: ['q'] });
      return 'q';
    };
    const graph = importing(behind(mine), 'my.ops');
    await measureUnknownShapes(graph);
    expect(graph.context.measuredShapes).toBeUndefined();
    expect(uncountedLayers(graph).map(({ name }) => name)).toEqual(['b', 'c']);
    expect(graph.context.notes).toEqual([
      expect.stringMatching(
        /^shapes after operator my\.ops\.Mine are unknown, and running the model to measure them failed: node q \(my\.ops\.Mine\) can't be run: .*Mine/,
      ),
    ]);
  });

  it('does not run models whose operators are known, nor ask a run about sizes that other data may change', async () => {
    const digits = openModel(digitsModel());
    await measureUnknownShapes(digits);
    expect([digits.context.measuredShapes, digits.context.notes]).toEqual([undefined, []]);
    const graph = modelOf(['x', ['batch', 4]], [{ op: 'Unique', inputs: ['x'], outputs: ['y'] }], ['y'], {});
    prepare(graph);
    await measureUnknownShapes(graph);
    expect([graph.context.measuredShapes, inferShapes(graph).has('y')]).toEqual([undefined, false]);
  });
});
