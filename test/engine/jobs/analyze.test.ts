import { join } from 'node:path';

import { create } from '@bufbuild/protobuf';

import { writeNpy } from '../../../engine/data/npy';
import { analyze } from '../../../engine/jobs/analyze';
import { saveModel } from '../../../engine/onnx/model';
import { OperatorSetIdProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { floats } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';

const folder = temporaryFolder();
const model = digitsModel();
const npy = (name: string, dims: number[], value: number) => {
  const path = join(folder, name);
  writeNpy(path, { type: 'int32', dims, data: new Int32Array(dims.reduce((a, b) => a * b, 1)).fill(value) });
  return path;
};

describe('analyze', () => {
  it.each(['', 'bn.', 'dynamo.'] as const)('describes resnet20-digits.%sonnx', async (name) => {
    const { macs, layers, parts, notes, inputs } = await analyze({
      model: digitsModel(name),
      coupled: false,
      data: [digits(0, 10_000)],
    });
    expect([macs, layers.length, notes]).toEqual([31_021_952, 22, []]);
    expect(inputs[0].shape).toEqual(['batch', 1, 28, 28]);
    const count = (technique: string) => parts.filter((part) => part.technique === technique).length;
    expect(['spatial-svd', 'weight-svd', 'channel-pruning'].map(count)).toEqual([21, 21, 9]);
    expect(layers[1]).toMatchObject({
      kind: 'Conv',
      kernel: [3, 3],
      stride: [1, 1],
      input: [16, 28, 28],
      output: [16, 28, 28],
      macs: 1_806_336,
      params: name === 'bn.' ? 2304 : 2320,
    });
  });

  it('leaves ignored layers alone, the filters that pruning the next layer would take from them too', async () => {
    const { layers, frozen } = await analyze({ model, ignore: ['/c/Conv', '/blocks/blocks.0/c1/Conv'] });
    expect([layers[0].techniques, layers[1].techniques]).toEqual([[], []]);
    expect(layers[2].techniques).toEqual(['spatial-svd', 'weight-svd']);
    expect(frozen).toContainEqual({
      name: '/blocks/blocks.0/c2/Conv',
      technique: 'channel-pruning',
      why: 'it is tied to /blocks/blocks.0/c1/Conv, which is ignored',
    });
  });

  it('counts and compresses layers behind an operator that ONNX Runtime alone knows', async () => {
    const graph = modelOf(
      ['x', ['batch', 3, 8, 8]],
      [
        { op: 'Conv', inputs: ['x', 'w1'], outputs: ['a'] },
        { op: 'QuickGelu', domain: 'com.microsoft', inputs: ['a'], outputs: ['b'] },
        { op: 'Conv', inputs: ['b', 'w2'], outputs: ['y'], name: 'behind' },
      ],
      ['y'],
      { w1: randoms([8, 3, 3, 3], 1), w2: randoms([8, 8, 3, 3], 2) },
    );
    graph.model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
    const path = join(folder, 'contrib.onnx');
    saveModel(graph, path);
    const { layers, notes, macs } = await analyze({ model: path });
    expect(layers[1]).toMatchObject({ name: 'behind', output: [8, 4, 4], macs: 8 * 8 * 9 * 16 });
    expect(layers[1].techniques).toEqual(['spatial-svd', 'weight-svd']);
    expect(macs).toBe(8 * 3 * 9 * 36 + 8 * 8 * 9 * 16);
    expect(notes).toEqual([
      'shape inference does not know operator com.microsoft.QuickGelu: shapes after it were measured by running the model',
    ]);
  });

  it('refuses to ignore a layer that there is not', async () => {
    await expect(analyze({ model, ignore: ['conv99'] })).rejects.toThrow(
      /ignore names conv99, which is not a layer of/,
    );
  });

  it('finds what can be compressed of networks with skips, and of those without convolutions', async () => {
    const groups = (await analyze({ model })).parts.filter(
      ({ technique }) => technique === 'channel-pruning',
    );
    // Nine between two convolutions of a block, and the residual stream of each of the three stages.
    expect(groups).toHaveLength(12);
    expect(Math.max(...groups.map(({ layers }) => layers.length))).toBeGreaterThan(5);
    const path = join(folder, 'linear.onnx');
    saveModel(
      modelOf(
        ['x', ['batch', 8]],
        [
          { op: 'MatMul', inputs: ['x', 'w1'], outputs: ['h'] },
          { op: 'Relu', inputs: ['h'], outputs: ['r'] },
          { op: 'MatMul', inputs: ['r', 'w2'], outputs: ['y'] },
        ],
        ['y'],
        { w1: randoms([8, 16], 1), w2: randoms([16, 4], 2) },
      ),
      path,
    );
    const { parts } = await analyze({ model: path, data: [] });
    expect(parts.map(({ technique, name }) => [technique, name])).toEqual([
      ['weight-svd', 'h'],
      ['weight-svd', 'y'],
      ['channel-pruning', 'y'],
    ]);
  });

  it('refuses data whose shape does not fit, and labels out of range', async () => {
    const images = join(folder, 'wide.npy');
    writeNpy(images, floats([2, 1, 28, 32]));
    await expect(analyze({ model, data: [{ images, labels: npy('l.npy', [2], 0) }] })).rejects.toThrow(
      /images of .*wide\.npy are \[1, 28, 32\], but input input of .* takes \[1, 28, 28\]/,
    );
    const labels = npy('ten.npy', [10_000], 10);
    await expect(analyze({ model, data: [{ ...digits(5, 9), labels }] })).rejects.toThrow(
      /label 10 at row 5 of .*ten\.npy is out of range.*10 classes, 0 to 9/,
    );
  });

  it('takes pixels of no class, which metrics of pixels leave out', async () => {
    const path = join(folder, 'pixels.onnx');
    const conv = { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] };
    saveModel(modelOf(['x', ['n', 1, 4, 4]], [conv], ['y'], { w: randoms([2, 1, 1, 1], 1) }), path);
    const images = join(folder, 'four.npy');
    writeNpy(images, floats([2, 1, 4, 4]));
    const data = [{ images, labels: npy('mask.npy', [2, 4, 4], 255) }];
    await expect(analyze({ model: path, data, metric: 'mean-iou' })).resolves.toBeDefined();
  });
});
