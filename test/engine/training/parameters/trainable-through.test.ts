import { nodesFor } from '../../../../engine/onnx/extract';
import { trainableThrough } from '../../../../engine/training/parameters/trainable-through';
import { modelOf, randoms } from '../../../support/graphs';

/**
 * Three branches from `first`: by way of Hardmax, which has no gradient, past it, and beside it from another weight. All
 * meet in `last`.
 */
function branches() {
  const weight = (seed: number) => randoms([3, 3], seed);
  return modelOf(
    ['x', ['N', 3]],
    [
      { op: 'MatMul', inputs: ['x', 'first'], outputs: ['a'] },
      { op: 'MatMul', inputs: ['a', 'inner'], outputs: ['b'] },
      { op: 'Hardmax', name: 'wall', inputs: ['b'], outputs: ['c'] },
      { op: 'MatMul', inputs: ['x', 'beside'], outputs: ['d'] },
      { op: 'Sum', inputs: ['a', 'c', 'd'], outputs: ['e'] },
      { op: 'MatMul', inputs: ['e', 'last'], outputs: ['f'] },
      { op: 'Floor', inputs: ['f'], outputs: ['steps'] },
      { op: 'Mul', inputs: ['steps', 'idle'], outputs: ['flat'] },
      { op: 'Floor', inputs: ['flat'], outputs: ['floor'] },
      { op: 'Add', inputs: ['f', 'floor'], outputs: ['y'] },
    ],
    ['y'],
    {
      first: weight(1),
      inner: weight(2),
      beside: weight(3),
      last: weight(4),
      idle: randoms([3], 5),
    },
  );
}

const shapeOf = (value: string) => (value === 'x' ? [-1, 3] : [3, 3]);
const wanted = ['first', 'inner', 'beside', 'last', 'idle'];

describe('trainableThrough', () => {
  test('what lies before a node without a gradient is left out, also where another way leads past the node', () => {
    const graph = branches();
    const { trained, notes } = trainableThrough({ graph, nodes: graph.nodes, shapeOf }, ['y'], wanted);
    expect(trained).toEqual(['beside', 'last']);
    expect(notes).toEqual([
      'node wall (Hardmax) cannot be trained through: there is no gradient for operator Hardmax; the parameters before it keep their values: first, inner',
      'parameters that no gradient reaches keep their values: idle',
    ]);
  });

  test('an operator of another domain has no row, whatever its name', () => {
    const graph = branches();
    graph.nodes.find(({ opType }) => opType === 'Sum')!.domain = 'com.example';
    const { trained, notes } = trainableThrough({ graph, nodes: graph.nodes, shapeOf }, ['y'], wanted);
    expect(trained).toEqual(['last']);
    expect(notes[0]).toMatch(/node e \(Sum\) .* operator com.example.Sum; .*: first, inner, beside$/);
  });

  test('no parameter left is an error that names the node', () => {
    const graph = branches();
    expect(() =>
      trainableThrough({ graph, nodes: nodesFor(graph, ['c']).nodes, shapeOf }, ['c'], ['first', 'inner']),
    ).toThrow(/no parameters that can be trained: node wall \(Hardmax\).*: first, inner/);
  });
});
