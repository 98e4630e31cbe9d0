import fc from 'fast-check';

import { Graph } from '../../../engine/onnx/graph';
import { splitConv } from '../../../engine/onnx/rewrites/split-conv';
import { mlMatrix } from '../../../engine/svd/ml-matrix';
import { SpatialSvd } from '../../../engine/svd/spatial';
import { readTensors } from '../../../engine/tensor/safetensors';
import { type FloatTensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { golden } from '../../support/paths';

const { tensors } = readTensors(golden('engine', 'svd.safetensors'));
const conv = readTensors(golden('engine', 'conv.safetensors')).tensors;
const kernel = tensors.get('kernel') as FloatTensor;

describe('spatial SVD against PyTorch', () => {
  const svd = SpatialSvd.of(kernel, mlMatrix);

  it('has the same singular values', () => {
    const expected = tensors.get('s')!.data as Float64Array;
    expect(svd.maxRank).toBe(18);
    svd.svd.s.forEach((value, k) => expect(value / expected[k]).toBeCloseTo(1, 5));
  });

  it.each([1, 4, 18])('rebuilds the same kernel at rank %d', (rank) => {
    expect(distance(svd.lowRank(rank), tensors.get(`rank${rank}`)!)).toBeLessThan(1e-5);
  });

  it.each([
    [18, 'whole'],
    [4, 'rank4'],
  ])('the pair at rank %d convolves like it', async (rank, name) => {
    const graph: Graph = modelOf(
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
      { w: kernel, b: conv.get('bias')! },
    );
    splitConv(graph, graph.nodes[0], svd.pair(rank));
    expect(distance(await runOnce(graph, conv.get('x')!), conv.get(name)!)).toBeLessThan(1e-5);
  });

  it('survives being written out', () => {
    expect(SpatialSvd.fromTensors(svd.toTensors()).lowRank(4)).toEqual(svd.lowRank(4));
  });
});

it('the error of a rank is the root of the dropped squared singular values (Eckart and Young)', () => {
  const size = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(fc.tuple(size, size, size, size), fc.integer(), (dims, seed) => {
      const weight = randoms(dims, seed);
      const svd = SpatialSvd.of(weight, mlMatrix);
      for (let rank = 1; rank <= svd.maxRank; rank++) {
        const low = svd.lowRank(rank).data;
        const error = Math.sqrt(weight.data.reduce((sum, w, at) => sum + (w - low[at]) ** 2, 0));
        const dropped = Math.sqrt(svd.svd.s.slice(rank).reduce((sum, s) => sum + s * s, 0));
        expect(Math.abs(error - dropped)).toBeLessThan(1e-5 * Math.hypot(...weight.data));
      }
    }),
    { numRuns: 30 },
  );
});

it.each([
  ['all zero', new Float32Array(36)],
  ['of rank one', Float32Array.from({ length: 36 }, () => 1)],
])('takes a kernel that is %s', (_, data) => {
  const weight: FloatTensor = { type: 'float32', dims: [2, 2, 3, 3], data };
  expect(distance(SpatialSvd.of(weight, mlMatrix).lowRank(1), weight)).toBeLessThan(1e-6);
});

it('refuses a kernel with NaN, on which the iteration would not end', () => {
  const weight: FloatTensor = {
    type: 'float32',
    dims: [1, 1, 2, 2],
    data: Float32Array.from([1, NaN, 0, 1]),
  };
  expect(() => SpatialSvd.of(weight, mlMatrix)).toThrow(/holds NaN or Inf/);
});
