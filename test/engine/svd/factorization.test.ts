import { linearAlgebra } from '../../../engine/linalg/choose';
import type { NodeFields } from '../../../engine/onnx/graph';
import { layersOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import { worthwhileRank } from '../../../engine/svd/factorization';
import { svdMethods } from '../../../engine/svd/methods';
import { spatialSvd } from '../../../engine/svd/spatial';
import { weightSvd } from '../../../engine/svd/weight';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';

const library = linearAlgebra({ threads: 1 });
const modelWith = (weight: Tensor, node: Partial<NodeFields> = {}, opset = 18, channels = weight.dims[1]) =>
  modelOf(
    ['x', weight.dims.length === 4 ? ['batch', channels, 6, 6] : ['batch', weight.dims[0]]],
    [{ op: 'Conv', name: 'layer', inputs: ['x', 'w'], outputs: ['y'], ...node }],
    ['y'],
    { w: weight },
    opset,
  );

describe.each(Object.entries(svdMethods))('%s of unusual weights', (_, method) => {
  it.each([
    ['all zero', floats([4, 3, 3, 3])],
    ['of rank one', floats([4, 3, 3, 3], Array<number>(108).fill(1))],
  ])('takes one that is %s', async (__, weight) => {
    const graph = modelWith(weight);
    const x = randoms([1, 3, 6, 6], 1);
    const expected = await runOnce(graph, x);
    const [layer] = layersOf(graph);
    const svd = await method.decompose(graph, layer, library);
    expect(distance(await svd.lowRank(1), weight)).toBeLessThan(1e-6);
    await svd.split(graph, layer.node, 1);
    expect(distance(await runOnce(graph, x), expected)).toBeLessThan(1e-5);
  });

  it.each([NaN, Infinity])('refuses one with %p and names layer and weight', async (bad) => {
    const graph = modelWith(floats([2, 1, 1, 1], [1, bad]));
    const refused = method.decompose(graph, layersOf(graph)[0], library);
    await expect(refused).rejects.toThrow(/weight w of layer layer holds NaN or Inf/);
  });

  it('leaves a layer of one channel and one filter alone where splitting costs more', () => {
    const graph = modelWith(floats([1, 1, 1, 1], [2]));
    const [layer] = layersOf(graph);
    expect(method.maxRank(layer)).toBe(1);
    expect(worthwhileRank(method, layer, inferShapes(graph))).toBe(0);
  });

  it('says what it leaves alone, and why', () => {
    const grouped = modelWith(randoms([4, 1, 3, 3], 1), { attributes: { group: 4 } }, 18, 4);
    expect(method.refusal(grouped, layersOf(grouped)[0])).toMatch(/4 groups/);
    const half = modelWith({ type: 'float16', dims: [2, 2, 3, 3], data: new Uint16Array(36) });
    expect(method.refusal(half, layersOf(half)[0])).toMatch(/float16, not float32/);
  });
});

it.each([
  ['a Gemm before opset 11', { op: 'Gemm' }, 10, /opset 11/],
  ['a Gemm with its input transposed', { op: 'Gemm', attributes: { transA: 1 } }, 18, /transA/],
  ['a Gemm with its weight first', { op: 'Gemm', inputs: ['w', 'x'] }, 18, /second input/],
])('weight SVD leaves %s alone', (_, node, opset, why) => {
  const graph = modelWith(randoms([3, 3], 1), node, opset);
  expect(weightSvd.refusal(graph, layersOf(graph)[0])).toMatch(why);
});

it('spatial SVD leaves fully connected layers to weight SVD', () => {
  const graph = modelWith(randoms([3, 5], 1), { op: 'Gemm' });
  expect(spatialSvd.refusal(graph, layersOf(graph)[0])).toMatch(/splits Conv, not Gemm/);
});

it('refuses stored factors of another weight', async () => {
  const [graph, other] = [modelWith(randoms([4, 3, 3, 3], 1)), modelWith(randoms([4, 2, 3, 3], 1))];
  const svd = await spatialSvd.decompose(graph, layersOf(graph)[0], library);
  expect(() => spatialSvd.restore(other, layersOf(other)[0], svd.toTensors(), library)).toThrow(
    /stored factors are of a weight of shape \[.*\], not \[4, 2, 3, 3\]/,
  );
});

it('splitting one reader of a shared weight does not change the other', async () => {
  const shared = () =>
    modelOf(
      ['x', ['batch', 3, 6, 6]],
      [
        { op: 'Conv', name: 'one', inputs: ['x', 'w'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
        { op: 'Conv', name: 'two', inputs: ['a', 'w'], outputs: ['y'], attributes: { pads: [1, 1, 1, 1] } },
      ],
      ['y'],
      { w: randoms([3, 3, 3, 3], 2) },
    );
  const [graph, masked] = [shared(), shared()];
  const [one] = layersOf(graph);
  const svd = await weightSvd.decompose(graph, one, library);
  await svd.split(graph, one.node, 2);
  graph.removeDead();
  masked.setConstant('low', await svd.lowRank(2));
  masked.setInput(masked.nodes[0], 1, 'low');
  const x = randoms([2, 3, 6, 6], 3);
  expect(distance(await runOnce(graph, x), await runOnce(masked, x))).toBeLessThan(1e-5);
  expect(graph.constant('w')).toEqual(masked.constant('w'));
});
