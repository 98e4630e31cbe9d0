import { join } from 'node:path';

import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import type { NodeFields } from '../../../../engine/onnx/graph';
import { floats, int64s } from '../../../../engine/tensor/tensor';
import { inFolder } from '../../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

const tail: NodeFields[] = [
  { op: 'Conv', inputs: ['xb', 'w'], outputs: ['c'] },
  { op: 'GlobalAveragePool', inputs: ['c'], outputs: ['g'] },
  { op: 'Flatten', inputs: ['g'], outputs: ['y'] },
];
const batched: NodeFields = { op: 'Unsqueeze', inputs: ['x', 'zero'], outputs: ['xb'] };
const scaled: NodeFields[] = [
  { op: 'Mul', inputs: ['x', 'scale'], outputs: ['s'] },
  { op: 'Unsqueeze', inputs: ['s', 'zero'], outputs: ['xb'] },
];
const constants = { w: randoms([5, 3, 3, 3], 1), zero: int64s([0]), scale: floats([3, 1, 1], [1, 2, 3]) };

it.each([
  ['at once', [batched, ...tail], [3, 6, 6]],
  ['after work on the image', [...scaled, ...tail], [3, 'height', 'width']],
] as const)(
  'a model of one image that adds a batch %s takes a batch of 1, and is written as it was',
  (_, nodes, dims) =>
    inFolder(async (folder) => {
      const [file, out] = [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
      const image = randoms([3, 6, 6], 2);
      const model = modelOf(['x', dims], nodes, ['y', [1, 5]], constants);
      saveModel(model, file);
      const opened = openModel(file);
      expect(opened.inputs).toMatchObject([{ name: 'x', dims: [1, ...dims] }]);
      const wanted = await runOnce(loadModel(file), image);
      expect(distance(await runOnce(opened, { ...image, dims: [1, ...image.dims] }), wanted)).toBe(0);
      saveModel(opened, out);
      const saved = loadModel(out);
      expect([saved.inputs, saved.outputs]).toEqual([model.inputs, model.outputs]);
      expect(distance(await runOnce(saved, image), wanted)).toBe(0);
    }),
);

it('leaves frames, which are a batch, alone', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'model.onnx');
    const frames: NodeFields[] = [
      { op: 'Unsqueeze', inputs: ['x', 'one'], outputs: ['u'] },
      { op: 'Conv', inputs: ['u', 'v'], outputs: ['y'] },
    ];
    saveModel(
      modelOf(['x', ['frames', 64]], frames, ['y'], { one: int64s([1]), v: randoms([4, 1, 9], 3) }),
      file,
    );
    expect(openModel(file).inputs[0].dims).toEqual(['frames', 64]);
  }));

it('leaves an image alone whose channels are not those of the convolution', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'model.onnx');
    saveModel(modelOf(['x', [4, 6, 6]], [batched, ...tail], ['y', [1, 5]], constants), file);
    expect(openModel(file).inputs[0].dims).toEqual([4, 6, 6]);
  }));
