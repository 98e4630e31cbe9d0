import fc from 'fast-check';

import { linearAlgebra } from '../../../engine/linalg/choose';
import { type Layer, layersOf, macsOf, paramsOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import { worthwhileRank } from '../../../engine/svd/factorization';
import { svdMethods } from '../../../engine/svd/methods';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { distance, runOnce } from '../../support/graphs';
import { convolutions, gemms, type LayerCase, leftMatMuls, matMuls } from '../../support/layers';

const library = linearAlgebra({ threads: 1 });
const norm = (data: ArrayLike<number>) => Math.hypot(...Array.from(data));
const biasOf = ({ node }: Layer) => (node.input[2] ? 1 : 0);

const cases: [string, keyof typeof svdMethods, fc.Arbitrary<LayerCase>][] = [
  ['spatial SVD of Conv', 'spatial-svd', convolutions(2)],
  ['spatial SVD of Conv over one axis', 'spatial-svd', convolutions(1)],
  ['weight SVD of Conv', 'weight-svd', convolutions(2)],
  ['weight SVD of Conv over one axis', 'weight-svd', convolutions(1)],
  ['weight SVD of Conv over three axes', 'weight-svd', convolutions(3)],
  ['weight SVD of Gemm', 'weight-svd', gemms],
  ['weight SVD of MatMul', 'weight-svd', matMuls],
  ['weight SVD of MatMul with its weight on the left', 'weight-svd', leftMatMuls],
];

describe.each(cases)('%s', (_, technique, layers) => {
  const method = svdMethods[technique];
  const withRank = fc.record({
    layer: layers,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    limit: fc.constantFrom(undefined, 0), // whole, or as large weights are decomposed
  });
  const check = (of: (layer: LayerCase, share: number, limit?: number) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(withRank, ({ layer, share, limit }) => of(layer, share, limit)),
      { numRuns: 25 },
    );
  const rankOf = (share: number, maxRank: number) => 1 + Math.floor(share * (maxRank - 1));

  it('errs by the root of the dropped squared singular values (Eckart and Young)', () =>
    check(async ({ graph }, share, limit) => {
      const [layer] = layersOf(graph);
      const svd = await method.decompose(graph, layer, library, limit);
      expect(svd.maxRank).toBe(method.maxRank(layer));
      const weight = (graph.constant('w') as FloatTensor).data;
      const rank = rankOf(share, svd.maxRank);
      const low = (await svd.lowRank(rank)).data;
      const error = norm(weight.map((value, at) => value - low[at]));
      const dropped = norm(svd.singularValues.subarray(rank));
      expect(Math.abs(error - dropped)).toBeLessThan(1e-5 * norm(weight));
    }));

  it('computes what the layer did at full rank', () =>
    check(async ({ graph, x }, _share, limit) => {
      const expected = await runOnce(graph, x);
      const [layer] = layersOf(graph);
      expect(method.refusal(graph, layer)).toBeUndefined();
      const svd = await method.decompose(graph, layer, library, limit);
      await svd.split(graph, layer.node, svd.maxRank);
      graph.removeDead();
      expect(distance(await runOnce(graph, x), expected)).toBeLessThan(1e-4);
    }));

  it('computes what the layer with the low-rank weight does, and costs what was predicted', () =>
    check(async ({ graph, x }, share, limit) => {
      const [layer] = layersOf(graph);
      const unit = method.costPerRank(layer, inferShapes(graph));
      const decomposed = await method.decompose(graph, layer, library, limit);
      const svd = method.restore(graph, layer, decomposed.toTensors(), library);
      const rank = rankOf(share, svd.maxRank);
      const masked = graph.clone();
      masked.setConstant('w', await svd.lowRank(rank));
      if (svd.projected) {
        const projecting = graph.clone();
        projecting.setConstant('p', await svd.projected.at(rank));
        svd.projected.insert(projecting, projecting.producer(layer.node.output[0])!, 'p');
        expect(distance(await runOnce(projecting, x), await runOnce(masked, x))).toBeLessThan(1e-4);
      }
      expect(svd.projected !== undefined).toBe(limit === 0 && layer.node.opType !== 'Conv');
      const bias = biasOf(layer) * (graph.constant('b')?.data.length ?? 0);
      await svd.split(graph, layer.node, rank);
      graph.removeDead();
      expect(distance(await runOnce(graph, x), await runOnce(masked, x))).toBeLessThan(1e-4);
      expect(macsOf(graph)).toBe(rank * unit.macs);
      expect(paramsOf(graph)).toBe(rank * unit.params + bias);
    }));

  it('is worthwhile up to the last rank that costs less than the layer', () =>
    check(async ({ graph }) => {
      const [layer] = layersOf(graph);
      const shapes = inferShapes(graph);
      for (const cost of ['macs', 'params'] as const) {
        const rank = worthwhileRank(method, layer, shapes, cost);
        const unit = method.costPerRank(layer, shapes)[cost];
        const whole = cost === 'macs' ? layer.macs : (graph.constant('w')?.data.length ?? 0);
        if (rank > 0) expect(rank * unit).toBeLessThan(whole);
        if (rank < method.maxRank(layer)) expect((rank + 1) * unit).toBeGreaterThanOrEqual(whole);
      }
    }));
});
