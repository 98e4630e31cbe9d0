import { layersOf, macsOf, paramsOf, uncountedLayers } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { modelOf, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

describe('costs', () => {
  // 31,021,952 and 271,402 are what shared/checks/recount.py counts on the same file.
  it('counts the digits model as the independent recount does', () => {
    const graph = openModel(digitsModel());
    expect(macsOf(graph)).toBe(31_021_952);
    expect(paramsOf(graph)).toBe(271_402);
    expect(layersOf(graph)).toHaveLength(22);
  });

  it.each(['bn.', 'dynamo.'] as const)('counts the same MACs on the %s export', (name) => {
    expect(macsOf(openModel(digitsModel(name)))).toBe(31_021_952);
  });

  it('counts a MatMul once for each row of a sample, and names an open spatial size', () => {
    const rows = modelOf(
      ['x', ['batch', 7, 4]],
      [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
      ['y'],
      { w: randoms([4, 3], 1) },
    );
    expect(macsOf(rows)).toBe(7 * 12);
    const open = modelOf(
      ['x', ['batch', 1, 'h', 'w']],
      [{ op: 'Conv', inputs: ['x', 'k'], outputs: ['y'] }],
      ['y'],
      { k: randoms([1, 1, 3, 3], 1) },
    );
    expect(() => macsOf(open)).toThrow(
      /size of y, output of Conv y, is unknown because input x is \[batch, 1, h, w\]: set inputSize/,
    );
  });

  it.each<[string, x: (number | string)[], w: number[], onLeft: boolean, macs: number]>([
    ['on the left of columns', ['batch', 4, 7], [3, 4], true, 7 * 12],
    ['on the left of more axes', ['batch', 5, 4, 7], [3, 4], true, 5 * 7 * 12],
    ['a stack on the right', ['batch', 2, 7, 4], [2, 4, 3], false, 2 * 7 * 12],
    ['a stack on the left', ['batch', 2, 4, 7], [2, 3, 4], true, 2 * 7 * 12],
    ['a vector on the right', ['batch', 7, 4], [4], false, 7 * 4],
    ['a vector on the left', ['batch', 4, 7], [4], true, 7 * 4],
  ])('counts the products of a MatMul whose weight is %s', (_, x, w, onLeft, macs) => {
    const inputs = onLeft ? ['w', 'x'] : ['x', 'w'];
    const graph = modelOf(['x', x], [{ op: 'MatMul', inputs, outputs: ['y'] }], ['y'], { w: randoms(w, 1) });
    expect(macsOf(graph)).toBe(macs);
  });

  it('counts a MatMul that has the batch as its columns once', () => {
    const graph = modelOf(
      ['x', ['batch', 4]],
      [
        { op: 'Transpose', inputs: ['x'], outputs: ['columns'], attributes: { perm: [1, 0] } },
        { op: 'MatMul', inputs: ['w', 'columns'], outputs: ['y'] },
      ],
      ['y'],
      { w: randoms([3, 4], 1) },
    );
    expect(macsOf(graph)).toBe(12);
  });

  it('tells layers of the same node name apart, by the values they compute', () => {
    const node = (input: string, output: string) => ({
      op: 'MatMul',
      name: 'dense',
      inputs: [input, 'w'],
      outputs: [output],
    });
    const graph = modelOf(['x', ['batch', 4]], [node('x', 'a'), node('a', 'b')], ['b'], {
      w: randoms([4, 4], 1),
    });
    expect(layersOf(graph).map(({ name }) => name)).toEqual(['dense', 'b']);
  });
});

it('leaves a layer behind an unknown operator uncounted, and names the operator', () => {
  const graph = modelOf(
    ['x', ['batch', 2, 4, 4]],
    [
      { op: 'Mystery', inputs: ['x'], outputs: ['a'], name: 'riddle' },
      { op: 'Relu', inputs: ['a'], outputs: ['b'] },
      { op: 'Conv', inputs: ['b', 'w'], outputs: ['y'] },
    ],
    ['y'],
    { w: randoms([1, 2, 1, 1], 1) },
  );
  expect(layersOf(graph)).toEqual([]);
  expect(uncountedLayers(graph).map(({ name, why }) => [name, why])).toEqual([
    ['y', expect.stringMatching(/shape inference does not know operator Mystery \(node riddle\)/)],
  ]);
});
