import { declare } from '../../../engine/onnx/extract';
import { openModel } from '../../../engine/onnx/prepare';
import { inferShapes } from '../../../engine/onnx/shapes';
import { Session } from '../../../engine/runtime/session';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

describe('inferShapes', () => {
  it.each(['', 'bn.', 'dynamo.'] as const)(
    'agrees with a real run at every value of resnet20-digits.%sonnx',
    async (name) => {
      const graph = openModel(digitsModel(name));
      const shapes = inferShapes(graph);
      const values = graph.nodes.flatMap(({ output }) => output);
      graph.setInterface(
        graph.inputs.map((input) => graph.declaration(input.name)!),
        values.map((value) => declare(value)),
      );
      const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
      const real = await session.run({ [session.inputs[0]]: floats([3, 1, 28, 28]) });
      await session.close();
      for (const value of values) {
        expect([value, shapes.get(value)!.map((dim) => (dim === 'batch' ? 3 : dim))]).toEqual([
          value,
          real[value].dims,
        ]);
      }
    },
  );

  it('follows x.view(x.size(0), -1) and keeps the batch', () => {
    const graph = modelOf(
      ['x', ['batch', 4, 2, 2]],
      [
        { op: 'Shape', inputs: ['x'], outputs: ['s'] },
        { op: 'Gather', inputs: ['s', 'zero'], outputs: ['n'] },
        { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
        { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
        { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
      ],
      ['y'],
      { zero: { ...int64s([0]), dims: [] }, axes: int64s([0]), rest: int64s([-1]) },
    );
    expect(inferShapes(graph).get('y')).toEqual(['batch', 16]);
  });

  it('resolves SAME padding and ceil_mode', () => {
    const graph = modelOf(
      ['x', ['batch', 3, 7, 8]],
      [
        {
          op: 'Conv',
          inputs: ['x', 'w'],
          outputs: ['a'],
          attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
        },
        {
          op: 'MaxPool',
          inputs: ['a'],
          outputs: ['b'],
          attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
        },
      ],
      ['b'],
      { w: randoms([5, 3, 3, 3], 1) },
    );
    const shapes = inferShapes(graph);
    expect(shapes.get('a')).toEqual(['batch', 5, 4, 4]);
    expect(shapes.get('b')).toEqual(['batch', 5, 2, 2]);
  });

  it('leaves what follows an operator without a rule unknown', () => {
    const graph = modelOf(
      ['x', [1, 2]],
      [
        { op: 'Mystery', inputs: ['x'], outputs: ['a'] },
        { op: 'Relu', inputs: ['a'], outputs: ['y'] },
      ],
      ['y'],
      {},
    );
    expect(inferShapes(graph).has('y')).toBe(false);
  });
});
