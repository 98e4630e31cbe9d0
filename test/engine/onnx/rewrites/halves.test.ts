import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { declare, extract } from '../../../../engine/onnx/extract';
import { type Graph, makeNode } from '../../../../engine/onnx/graph';
import { layersOf } from '../../../../engine/onnx/layers';
import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import { type ConvPair, splitConv } from '../../../../engine/onnx/rewrites/split-conv';
import { fromHalves, toHalves } from '../../../../engine/tensor/float16';
import { floats, isFloat, type Tensor } from '../../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';
import { tinyNetwork } from '../../../support/tiny';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const half = ({ dims, data }: Tensor): Tensor => ({
  type: 'float16',
  dims,
  data: toHalves(data as Float32Array),
});
const single = (tensor: Tensor) => floats(tensor.dims, fromHalves(tensor.data as Uint16Array));
const typesOf = (graph: Graph) => graph.initializers.map((name) => [name, graph.constantType(name)]);
const x = randoms([2, 1, 8, 8], 1);

/** The tiny network as a converter to float16 writes it. */
function halfNetwork(): Graph {
  const graph = tinyNetwork();
  for (const name of graph.initializers) graph.setConstant(name, half(graph.constant(name)!));
  graph.setInterface([declare('x', ['batch', 1, 8, 8], 'float16')], [declare('y', ['batch', 4], 'float16')]);
  return graph;
}

function written(graph: Graph, name: string): string {
  const path = join(folder, name);
  saveModel(graph, path);
  return path;
}

it('a float16 model computes in 32-bit floats here, and is saved as it came', async () => {
  const path = written(halfNetwork(), 'half.onnx');
  const graph = openModel(path);
  expect(layersOf(graph).every(({ weight }) => isFloat(graph.constant(weight)))).toBe(true);
  const expected = single(await runOnce(loadModel(path), half(x)));
  expect(distance(await runOnce(graph, x), expected)).toBeLessThan(5e-3);
  const again = loadModel(written(graph.clone(), 'again.onnx'));
  expect(typesOf(again)).toEqual(typesOf(loadModel(path)));
  for (const name of again.initializers) expect(again.constant(name)).toEqual(loadModel(path).constant(name));
  expect([again.inputs, again.outputs]).toEqual([loadModel(path).inputs, loadModel(path).outputs]);
});

it('weights that compression makes are float16 where the model’s are', async () => {
  const graph = openModel(written(halfNetwork(), 'before.onnx'));
  const layer = layersOf(graph)[1];
  const pair: ConvPair = {
    first: randoms([5, 8, 3, 1], 2),
    second: randoms([12, 5, 1, 3], 3),
    axesOfFirst: 1,
    names: ['vertical', 'horizontal'],
  };
  splitConv(graph, layer.node, pair);
  graph.removeDead();
  const saved = loadModel(written(graph, 'split.onnx'));
  expect(new Set(typesOf(saved).map(([, type]) => type))).toEqual(new Set(['float16']));
  const y = await runOnce(saved, half(x));
  expect(distance(single(y), await runOnce(graph, x))).toBeLessThan(2e-2);
});

it('a part of the graph is saved in the types it has in the model', async () => {
  const graph = openModel(written(halfNetwork(), 'whole.onnx'));
  const part = loadModel(written(extract(graph, ['c1.relu'], ['c3'], new Map()), 'part.onnx'));
  expect(part.inputs[0].elementType).toBe(10);
  expect((await runOnce(part, half(randoms([1, 8, 8, 8], 1)))).type).toBe('float16');
});

it('inputs and outputs that stay in 32-bit floats behind Casts do so', async () => {
  const graph = modelOf(
    ['x', ['batch', 3]],
    [
      { op: 'Cast', inputs: ['x'], outputs: ['h'], attributes: { to: 10 } },
      { op: 'MatMul', inputs: ['h', 'w'], outputs: ['z'] },
      { op: 'Cast', inputs: ['z'], outputs: ['y'], attributes: { to: 1 } },
    ],
    ['y', ['batch', 2]],
    { w: half(randoms([3, 2], 1)) },
  );
  const path = written(graph, 'mixed.onnx');
  const opened = openModel(path);
  opened.setConstant('w2', randoms([2, 2], 4));
  opened.replace(opened.nodes[1], [
    opened.nodes[1],
    makeNode({ op: 'MatMul', inputs: ['z', 'w2'], outputs: ['zz'] }),
  ]);
  opened.setInput(opened.nodes[3], 0, 'zz');
  const saved = loadModel(written(opened, 'mixed-out.onnx'));
  expect(saved.constantType('w2')).toBe('float16');
  expect(
    distance(await runOnce(saved, randoms([2, 3], 5)), await runOnce(opened, randoms([2, 3], 5))),
  ).toBeLessThan(2e-2);
});

it('weights stored as float16 and widened by a Cast are layers, and are stored so again', async () => {
  const graph = modelOf(
    ['x', ['batch', 3]],
    [
      { op: 'Cast', inputs: ['w'], outputs: ['w.single'], attributes: { to: 1 } },
      { op: 'MatMul', inputs: ['x', 'w.single'], outputs: ['y'] },
    ],
    ['y', ['batch', 2]],
    { w: half(randoms([3, 2], 1)) },
  );
  const path = written(graph, 'stored.onnx');
  const opened = openModel(path);
  expect(layersOf(opened).map(({ weight }) => weight)).toEqual(['w']);
  const saved = loadModel(written(opened, 'stored-out.onnx'));
  expect(typesOf(saved)).toEqual([['w', 'float16']]);
  const rows = randoms([2, 3], 5);
  expect(await runOnce(saved, rows)).toEqual(await runOnce(loadModel(path), rows));
});
