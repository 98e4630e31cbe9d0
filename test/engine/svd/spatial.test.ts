import { linearAlgebra } from '../../../engine/linalg/choose';
import { layersOf } from '../../../engine/onnx/layers';
import { spatialSvd } from '../../../engine/svd/spatial';
import { readTensors } from '../../../engine/tensor/safetensors';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, runOnce } from '../../support/graphs';
import { golden } from '../../support/paths';

const { tensors } = readTensors(golden('engine', 'svd.safetensors'));
const conv = readTensors(golden('engine', 'conv.safetensors')).tensors;
const library = linearAlgebra({ threads: 1 });

/** The convolution of the golden values, decomposed. */
async function decomposed() {
  const graph = modelOf(
    ['x', ['batch', 6, 9, 11]],
    [
      {
        op: 'Conv',
        inputs: ['x', 'w', 'b'],
        outputs: ['y'],
        attributes: { strides: [2, 1], pads: [1, 2, 1, 2] },
      },
    ],
    ['y'],
    { w: tensors.get('kernel') as FloatTensor, b: conv.get('bias')! },
  );
  const [layer] = layersOf(graph);
  return { graph, layer, svd: await spatialSvd.decompose(graph, layer, library) };
}

describe('spatial SVD against PyTorch', () => {
  it('has the same singular values', async () => {
    const { svd } = await decomposed();
    const expected = tensors.get('s')!.data as Float64Array;
    expect(svd.maxRank).toBe(18);
    svd.singularValues.forEach((value, k) => expect(value / expected[k]).toBeCloseTo(1, 5));
  });

  it.each([1, 4, 18])('rebuilds the same kernel at rank %d', async (rank) => {
    const { svd } = await decomposed();
    expect(distance(await svd.lowRank(rank), tensors.get(`rank${rank}`)!)).toBeLessThan(1e-5);
  });

  it.each([
    [18, 'whole'],
    [4, 'rank4'],
  ])('the pair at rank %d convolves like it', async (rank, name) => {
    const { graph, layer, svd } = await decomposed();
    await svd.split(graph, layer.node, rank);
    expect(distance(await runOnce(graph, conv.get('x')!), conv.get(name)!)).toBeLessThan(1e-5);
  });
});
