import { decodedHeads, lastResults } from '../../../engine/onnx/raw-heads';
import { scoreHeads } from '../../../engine/onnx/score-heads';
import { loadModel } from '../../../engine/onnx/model';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';
import { yolo } from '../../support/yolo';
import { zooModel } from '../../zoo/models';

const valuesOf = (graph: Parameters<typeof lastResults>[0]) => lastResults(graph).map(({ value }) => value);

it.each(['v8', '11'] as const)('finds the last convolutions of YOLO%s before its decoder', (version) => {
  const graph = yolo({ version, classes: 3, side: 64, width: 0.125 });
  const head = version === 'v8' ? 'model.22' : 'model.23';
  const wanted = [0, 1, 2].flatMap((at) => [`${head}.cv2.${at}.2`, `${head}.cv3.${at}.2`]);
  expect(valuesOf(graph)).toEqual(wanted);
  expect(decodedHeads(graph)).toEqual(wanted);
  expect([...scoreHeads(graph, wanted)]).toEqual(wanted.filter((value) => value.includes('cv3')));
  expect(lastResults(graph)[0].features).toBe(`${head}.cv2.0.1.act`);
});

it.each(['resnet18-torchscript', 'retinanet-dynamo', 'yolo_like-dynamo', 'deeplabv3-torchscript'])(
  '%s returns what its last layers compute',
  (name) => {
    const graph = loadModel(zooModel(name));
    expect(lastResults(graph).length).toBeGreaterThan(0);
    expect(decodedHeads(graph)).toBeUndefined();
  },
);

it('takes the bias of a MatMul into the head', () => {
  const graph = modelOf(
    ['x', ['batch', 4]],
    [
      { op: 'MatMul', inputs: ['x', 'a'], outputs: ['boxes'] },
      { op: 'Add', inputs: ['boxes', 'bias'], outputs: ['moved'] },
      { op: 'MatMul', inputs: ['x', 'b'], outputs: ['scores'] },
      { op: 'Mul', inputs: ['moved', 'scores'], outputs: ['y'] },
    ],
    ['y'],
    { a: randoms([4, 3], 1), b: randoms([4, 3], 2), bias: randoms([3], 3) },
  );
  expect(decodedHeads(graph)).toEqual(['moved', 'scores']);
});

it('sees that boxes are chosen inside', () => {
  const graph = modelOf(
    ['x', ['batch', 4, 8, 8]],
    [
      { op: 'Conv', inputs: ['x', 'a'], outputs: ['boxes'] },
      { op: 'Conv', inputs: ['x', 'b'], outputs: ['scores'] },
      { op: 'Reshape', inputs: ['boxes', 'as boxes'], outputs: ['rows'] },
      { op: 'Reshape', inputs: ['scores', 'as scores'], outputs: ['columns'] },
      { op: 'NonMaxSuppression', inputs: ['rows', 'columns'], outputs: ['y'] },
    ],
    ['y'],
    {
      a: randoms([4, 4, 1, 1], 1),
      b: floats([2, 4, 1, 1], randoms([8], 2).data),
      'as boxes': int64s([-1, 64, 4]),
      'as scores': int64s([-1, 2, 64]),
    },
  );
  expect(decodedHeads(graph)).toEqual(['boxes', 'scores']);
});

it('follows scores through Transpose and Slice, and no other channels', () => {
  const graph = modelOf(
    ['x', ['batch', 4, 8, 8]],
    [
      { op: 'Conv', inputs: ['x', 'a'], outputs: ['boxes'] },
      { op: 'Conv', inputs: ['x', 'b'], outputs: ['scores'] },
      { op: 'Concat', inputs: ['boxes', 'scores'], outputs: ['both'], attributes: { axis: 1 } },
      { op: 'Transpose', inputs: ['both'], outputs: ['turned'], attributes: { perm: [0, 2, 3, 1] } },
      { op: 'Reshape', inputs: ['turned', 'rows'], outputs: ['flat'] },
      { op: 'Slice', inputs: ['flat', 'from', 'to', 'axis'], outputs: ['logits'] },
      { op: 'Sigmoid', inputs: ['logits'], outputs: ['y'] },
    ],
    ['y'],
    {
      a: randoms([4, 4, 1, 1], 1),
      b: randoms([2, 4, 1, 1], 2),
      rows: int64s([-1, 64, 6]),
      from: int64s([4]),
      to: int64s([6]),
      axis: int64s([-1]),
    },
  );
  expect([...scoreHeads(graph, ['boxes', 'scores'])]).toEqual(['scores']);
});
