import { Dataset } from '../../../engine/data/dataset';
import { declare } from '../../../engine/onnx/extract';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { inferShapes } from '../../../engine/onnx/shapes';
import { batchFor } from '../../../engine/runtime/batch';
import { evaluate } from '../../../engine/runtime/evaluate';
import { LayerProbe } from '../../../engine/runtime/layer-probe';
import { Session } from '../../../engine/runtime/session';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';

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
    const probe = await LayerProbe.open(graph, layer, inferShapes(graph), 1);
    const kept = await probe.prefix({ input: x });
    expect(distance(await probe.outputs(kept), await runOnce(graph, x))).toBeLessThan(1e-4);
    expect(distance(await probe.outputs(kept, { weight }), await runOnce(changed, x))).toBeLessThan(1e-4);
    await probe.close();
  },
);

it('a batch keeps the largest activation within its budget', () => {
  expect(batchFor(graph, new Map([['a', ['batch', 64, 512, 512]]]))).toBe(1);
  expect(batchFor(graph, new Map([['a', ['batch', 16, 28, 28]]]))).toBe(32);
});

it('a model that ONNX Runtime refuses is a clear error', async () => {
  const odd = modelOf(['x', [1]], [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }], ['y'], {
    w: floats([1]),
  });
  await expect(Session.open(odd, { threads: 1 })).rejects.toThrow(
    /ONNX Runtime refuses the model.*NoSuchOperator/s,
  );
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
  const probe = await LayerProbe.open(forked, layersOf(forked)[0], inferShapes(forked), 1);
  expect(distance(await probe.outputs(await probe.prefix({ x })), await runOnce(forked, x))).toBeLessThan(
    1e-5,
  );
  await probe.close();
});
