import { Dataset } from '../../../engine/data/dataset';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { inferShapes } from '../../../engine/onnx/shapes';
import { channelMagnitudes, keepMostImportant } from '../../../engine/pruning/importance';
import { patchAt } from '../../../engine/pruning/patches';
import { fitEquations, masked, refit } from '../../../engine/pruning/reconstruct';
import { eachSample, ReconstructionSamples } from '../../../engine/pruning/samples';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { distance } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';

describe('weight reconstruction of a layer of the digits model', () => {
  const graph = openModel(digitsModel());
  const layer = layersOf(graph)[7];
  const [, , height, width] = inferShapes(graph).get(layer.node.output[0])!.map(Number);
  const data = Dataset.open(digits(0, 7000));
  const samples = new ReconstructionSamples(data, { samples: 60, patches: 10, seed: 1 }, 1);
  const at = samples.positions(3, height, width);
  const weight = graph.constant(layer.weight) as FloatTensor;
  const everything = Array.from({ length: layer.dims[1] }, (_, channel) => channel);
  afterAll(() => data.close());

  const fitted = async () => {
    const targets = (await samples.targets(graph, [{ layer, at }])).get(layer)!;
    return { targets, equations: await fitEquations(graph, layer, samples, at, targets) };
  };

  it('finds the layer itself where nothing was pruned', async () => {
    const { equations } = await fitted();
    const { weight: found } = refit(equations, layer.dims, everything);
    expect(distance(found, weight)).toBeLessThan(0.02); // up to the ridge, along directions the data hardly show
  });

  it('takes the layer’s own outputs where no others are given', async () => {
    const { equations } = await fitted();
    expect(await fitEquations(graph, layer, samples, at)).toEqual(equations);
  });

  it('never does worse on its own samples than leaving the kept weights as they were', async () => {
    const { targets, equations } = await fitted();
    const bias = (graph.constant(layer.node.input[2]) as FloatTensor).data;
    for (const count of [1, 4, 8, 12]) {
      const keep = keepMostImportant(channelMagnitudes(weight), count);
      const refitted = refit(equations, layer.dims, keep);
      const plain = masked(
        { ...weight, dims: [layer.dims[0], count, 3, 3], data: slice(weight, keep) },
        keep,
        layer.dims[1],
      );
      const error = async (kernel: FloatTensor, offset: Float32Array) => {
        let sum = 0;
        const [n, c] = layer.dims;
        const patch = new Float64Array(c * 9);
        const input = layer.node.input[0];
        await samples.run(graph, [input], (batch, first) =>
          eachSample(batch[input].dims[0], first, at, (image, row, y, x) => {
            patchAt(batch[input], layer.window!, image, y, x, patch);
            for (let k = 0; k < n; k++) {
              const value = patch.reduce((total, p, i) => total + p * kernel.data[k * c * 9 + i], offset[k]);
              sum += (value - targets[row * n + k]) ** 2;
            }
          }),
        );
        return sum;
      };
      const full = masked(refitted.weight, keep, layer.dims[1]);
      expect(await error(full, refitted.bias.data)).toBeLessThanOrEqual(await error(plain, bias));
    }
  });

  const slice = ({ data: all, dims: [n, c] }: FloatTensor, keep: readonly number[]) =>
    Float32Array.from(
      Array.from({ length: n }, (_, k) =>
        keep.flatMap((ch) => [...all.subarray((k * c + ch) * 9, (k * c + ch + 1) * 9)]),
      ).flat(),
    );
});
