import { declare } from '../../../engine/onnx/extract';
import type { NodeFields } from '../../../engine/onnx/graph';
import { assumeSizes } from '../../../engine/onnx/input-size';
import { openModel, prepare } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { Session } from '../../../engine/runtime/session';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms, runOnce } from '../../support/graphs';
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

  describe('padding computed from the size of the image, as of a convolution that keeps ceil(size / stride)', () => {
    /** max((ceil(size / 2) - 1) · 2 + 3 - size, 0), half of it before and the rest behind, as timm's models export. */
    const samePadded = (input: (number | string)[]) => {
      const nodes: NodeFields[] = [];
      const op = (name: string, inputs: string[], attributes = {}) => {
        const output = `${name}${nodes.length}`;
        nodes.push({ op: name, inputs, outputs: [output], attributes });
        return output;
      };
      const shape = op('Shape', ['x']);
      const padOf = (axis: string) => {
        const size = op('Cast', [op('Gather', [shape, axis])], { to: 1 });
        const strides = op('Sub', [op('Ceil', [op('Div', [size, 'two'])]), 'one']);
        const reach = op('Add', [op('Mul', [strides, 'two']), 'three']);
        const all = op('Clip', [op('Sub', [reach, size]), 'none', '']);
        const before = op('Floor', [op('Div', [all, 'two'])]);
        return [before, op('Sub', [all, before])].map((value) =>
          op('Unsqueeze', [op('Cast', [value], { to: 7 }), 'first']),
        );
      };
      const [[top, bottom], [left, right]] = [padOf('height'), padOf('width')];
      const pads = op('Concat', ['zeros', top, left, 'zeros', bottom, right], { axis: 0 });
      nodes.push({ op: 'Pad', inputs: ['x', pads], outputs: ['padded'] });
      nodes.push({ op: 'Conv', inputs: ['padded', 'w'], outputs: ['y'], attributes: { strides: [2, 2] } });
      const number = (value: number) => ({ ...floats([1], [value]), dims: [] });
      const index = (value: number) => ({ ...int64s([value]), dims: [] });
      return modelOf(['x', input], nodes, ['y'], {
        none: number(0),
        one: number(1),
        two: number(2),
        three: number(3),
        height: index(2),
        width: index(3),
        first: int64s([0]),
        zeros: int64s([0, 0]),
        w: randoms([5, 3, 3, 3], 1),
      });
    };

    it.each([
      [8, 7],
      [9, 10],
    ])('is followed, and becomes a constant where the size is known: %d x %d', async (height, width) => {
      const graph = samePadded(['batch', 3, height, width]);
      const real = await runOnce(graph, floats([2, 3, height, width]));
      expect(inferShapes(graph).get('y')).toEqual(['batch', ...real.dims.slice(1)]);
      prepare(graph);
      expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Pad', 'Conv']);
      expect((await runOnce(graph, floats([2, 3, height, width]))).dims).toEqual(real.dims);
    });

    it('is followed at the size that is assumed where the model leaves it open, and goes on being computed', () => {
      const graph = samePadded(['batch', 3, 'h', 'w']);
      prepare(graph);
      assumeSizes(graph, [1, 3, 9, 8]);
      expect(inferShapes(graph).get('y')).toEqual(['batch', 5, 5, 4]);
      expect(inferShapes(graph, { assume: false }).get('y')).toEqual(['batch', 5, undefined, undefined]);
      expect(graph.nodes.some(({ opType }) => opType === 'Clip')).toBe(true);
    });
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
