import { Dataset } from '../../../engine/data/dataset';
import { declare } from '../../../engine/onnx/extract';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { batchFor } from '../../../engine/runtime/batch-size';
import { compareModels, evaluate } from '../../../engine/runtime/measure-metric';
import { ModelProbe } from '../../../engine/runtime/model-probe';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';
import { tinyNetwork } from '../../support/tiny';

const graph = openModel(digitsModel());

// 98.4 and 97.9 are PyTorch's figures for the same model and split.
it.each([
  [7000, 8000, 98.4],
  [8000, 10_000, 97.9],
])('the accuracy over rows %d to %d is PyTorch’s', async (first, end, expected) => {
  const data = Dataset.open(digits(first, end));
  expect(await evaluate(graph, data, { metric: 'top1', threads: 2 })).toBeCloseTo(expected, 6);
  data.close();
});

it.each([0, 1, 9, 20])(
  'a probe of layer %d computes what the whole model with that weight does',
  async (at) => {
    const layer = layersOf(graph)[at];
    const weight = randoms(layer.dims, at);
    const changed = graph.clone();
    changed.setConstant(layer.weight, weight);
    const x = randoms([3, 1, 28, 28], 5);
    const probe = await ModelProbe.open(graph, [layer.weight], { shapes: inferShapes(graph), threads: 1 });
    const kept = await probe.prefix({ input: x });
    const replaced = new Map([[layer.weight, weight]]);
    const [own, other] = [await probe.outputs(kept), await probe.outputs(kept, replaced)];
    expect(distance(own.logits, await runOnce(graph, x))).toBeLessThan(1e-4);
    expect(distance(other.logits, await runOnce(changed, x))).toBeLessThan(1e-4);
    await probe.close();
  },
);

it('a batch keeps the largest activation within its budget', () => {
  expect(batchFor(graph, new Map([['a', ['batch', 64, 512, 512]]]))).toBe(1);
  expect(batchFor(graph, new Map([['a', ['batch', 16, 28, 28]]]))).toBe(32);
});

it('a model of one fixed batch is evaluated at that batch', async () => {
  const fixed = graph.clone();
  const { name, elementType } = fixed.inputs[0];
  expect(elementType).toBe(1);
  fixed.setInterface([declare(name, [1, 1, 28, 28])], [declare('logits', [1, 10])]);
  const data = Dataset.open(digits(7000, 7010));
  const settings = { metric: 'top1', threads: 1 } as const;
  expect(await evaluate(fixed, data, settings)).toBe(await evaluate(graph, data, settings));
  data.close();
});

it('a probe copes with integers across the cut and with outputs beside it', async () => {
  const forked = modelOf(
    ['x', ['batch', 2, 4, 4]],
    [
      { op: 'Shape', inputs: ['x'], outputs: ['s'] },
      { op: 'Gather', inputs: ['s', 'first'], outputs: ['n'] },
      { op: 'Concat', inputs: ['n', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Reshape', inputs: ['a', 'target'], outputs: ['y'] },
      { op: 'Relu', inputs: ['x'], outputs: ['beside'] },
    ],
    ['y'],
    { first: int64s([0]), rest: int64s([-1]), w: randoms([3, 2, 3, 3], 1) },
  );
  forked.setInterface([forked.declaration('x')!], [declare('y'), declare('beside')]);
  const x = randoms([3, 2, 4, 4], 2);
  const probe = await ModelProbe.open(forked, ['w'], { shapes: inferShapes(forked), threads: 1 });
  const { y } = await probe.outputs(await probe.prefix({ x }));
  expect(distance(y, await runOnce(forked, x))).toBeLessThan(1e-5);
  await probe.close();
});

describe('judging a model', () => {
  const network = tinyNetwork();
  const unlabelled = () => Dataset.random({ shape: [1, 8, 8], samples: 40, seed: 1 });

  it('compares two models without labels', async () => {
    const other = network.clone();
    other.setConstant('fc.bias', floats([4], [0, 0, 0, 0]));
    const data = unlabelled();
    expect(await compareModels(network, network, data, { threads: 1 })).toEqual({
      relativeError: 0,
      divergence: 0,
      points: 100,
    });
    const { points, divergence } = await compareModels(network, other, data, { threads: 1 });
    expect(points).toBeLessThan(100);
    expect(divergence).toBeGreaterThan(0);
  });

  it('says that a metric needs labels', async () => {
    await expect(evaluate(network, unlabelled(), { metric: 'top1', threads: 1 })).rejects.toMatchObject({
      code: 'InvalidData',
      message: expect.stringMatching(
        /metric top1 needs labels, but random inputs of seed 1 has none/,
      ) as string,
    });
  });

  it('says that a model computes NaN', async () => {
    const broken = network.clone();
    broken.setConstant('fc.bias', floats([4], [NaN, 0, 0, 0]));
    const data = Dataset.open(digits(0, 4));
    const small = unlabelled();
    await expect(compareModels(network, broken, small, { threads: 1 })).rejects.toThrow(
      /compressed model computes NaN/,
    );
    const large = graph.clone();
    large.setConstant(
      layersOf(large)[0].weight,
      floats(layersOf(large)[0].dims, new Float32Array(144).fill(NaN)),
    );
    await expect(evaluate(large, data, { metric: 'top1', threads: 1 })).rejects.toThrow(
      /computes NaN from the data/,
    );
    data.close();
  });

  it('says that the output is not what a metric reads, and that images are not what the model takes', async () => {
    const data = Dataset.open(digits(0, 4));
    await expect(evaluate(network, data, { metric: 'top1', threads: 1 })).rejects.toThrow(
      /are \[1, 28, 28\], but input x of the model takes \[1, 8, 8\]/,
    );
    await expect(evaluate(graph, data, { metric: 'mean-iou', threads: 1 })).rejects.toThrow(
      /first output is \[4, 10\], but metric mean-iou needs/,
    );
    data.close();
  });
});
