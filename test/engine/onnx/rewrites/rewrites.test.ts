import { join } from 'node:path';

import { dropIdentities } from '../../../../engine/onnx/rewrites/drop-identities';
import { sliceAxis } from '../../../../engine/tensor/slice-axis';
import { liftConstants } from '../../../../engine/onnx/rewrites/lift-constants';
import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import { floats } from '../../../../engine/tensor/tensor';
import { inFolder } from '../../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';
import { digitsModel } from '../../../support/paths';

describe('rewrites', () => {
  it('lifts Constant nodes of tensors, floats and integers', async () => {
    const graph = modelOf(
      ['x', [2, 3]],
      [
        { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: floats([3], [1, 2, 3]) } },
        { op: 'Constant', inputs: [], outputs: ['f'], attributes: { value_float: 0.5 } },
        { op: 'Add', inputs: ['x', 'c'], outputs: ['a'] },
        { op: 'Mul', inputs: ['a', 'f'], outputs: ['y'] },
      ],
      ['y'],
      {},
    );
    const x = randoms([2, 3], 1);
    const expected = await runOnce(graph, x);
    liftConstants(graph);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Add', 'Mul']);
    expect(await runOnce(graph, x)).toEqual(expected);
  });

  it('gives an initializer shared through Identity a copy of its own', async () => {
    const before = loadModel(digitsModel('bn.'));
    const after = openModel(digitsModel('bn.'));
    expect(before.nodes.some(({ opType }) => opType === 'Identity')).toBe(true);
    expect(after.nodes.some(({ opType }) => opType === 'Identity')).toBe(false);
    expect(after.constant('blocks.6.down.1.bias')).toEqual(after.constant('blocks.6.b2.bias'));
    const x = randoms([2, 1, 28, 28], 1);
    expect(distance(await runOnce(after, x), await runOnce(before, x))).toBeLessThan(1e-6);
  });

  it('drops an Identity between nodes but keeps one that names an output', () => {
    const graph = modelOf(
      ['x', [1]],
      [
        { op: 'Identity', inputs: ['x'], outputs: ['a'] },
        { op: 'Relu', inputs: ['a'], outputs: ['b'] },
        { op: 'Identity', inputs: ['b'], outputs: ['y'] },
      ],
      ['y'],
      {},
    );
    dropIdentities(graph);
    expect(graph.nodes.map(({ opType, input }) => [opType, ...input])).toEqual([
      ['Relu', 'x'],
      ['Identity', 'b'],
    ]);
  });

  it('lifts a model of the oldest format to one whose initializers need not be inputs', () =>
    inFolder((folder) => {
      const graph = loadModel(digitsModel());
      graph.model.irVersion = 3n;
      const path = join(folder, 'old.onnx');
      saveModel(graph, path);
      expect(openModel(path).model.irVersion).toBe(4n);
    }));

  it('slices an axis in the middle', () => {
    const tensor = floats([2, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(sliceAxis(tensor, 1, [2, 0])).toEqual(floats([2, 2, 2], [4, 5, 0, 1, 10, 11, 6, 7]));
  });
});
