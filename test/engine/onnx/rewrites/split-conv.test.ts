import fc from 'fast-check';

import { macsOf } from '../../../../engine/onnx/layers';
import { splitConv } from '../../../../engine/onnx/rewrites/split-conv';
import { inferShapes } from '../../../../engine/onnx/shapes';
import { splitSizes } from '../../../../engine/jobs/techniques';
import { layersOf } from '../../../../engine/onnx/layers';
import { mlMatrix } from '../../../../engine/svd/ml-matrix';
import { macsPerRank, SpatialSvd } from '../../../../engine/svd/spatial';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

const side = fc.integer({ min: 1, max: 3 });
const shape = fc.record({
  seed: fc.integer(),
  filters: fc.integer({ min: 1, max: 6 }),
  channels: fc.integer({ min: 1, max: 5 }),
  kernel: fc.tuple(side, fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(side, side),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  padding: fc.oneof(
    fc.record({ pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }) }),
    fc.record({ auto_pad: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID') }),
  ),
});

/** Sums as ONNX Runtime lays a Conv out: strides, dilations, padding of every kind, kernels of every aspect. */
it('the split at full rank computes what the convolution did, and costs what was predicted', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ seed, filters, channels, kernel, strides, dilations, padding }) => {
      const automatic = 'auto_pad' in padding && padding.auto_pad !== 'VALID';
      const attributes = { strides, dilations: automatic ? [1, 1] : dilations, ...padding }; // ORT refuses SAME with dilation
      const w = randoms([filters, channels, ...kernel], seed);
      const graph = modelOf(
        ['x', ['batch', channels, 11, 13]],
        [{ op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes }],
        ['y'],
        { w, b: randoms([filters], seed + 1) },
      );
      const x = randoms([2, channels, 11, 13], seed + 2);
      const expected = await runOnce(graph, x);
      const [layer] = layersOf(graph);
      const sizes = splitSizes(layer, inferShapes(graph));
      const svd = SpatialSvd.of(w, mlMatrix);
      splitConv(graph, layer.node, svd.pair(svd.maxRank));
      graph.removeDead();
      expect(distance(await runOnce(graph, x), expected)).toBeLessThan(1e-4);
      expect(macsOf(graph)).toBe(svd.maxRank * macsPerRank(sizes));
    }),
    { numRuns: 60 },
  );
});
