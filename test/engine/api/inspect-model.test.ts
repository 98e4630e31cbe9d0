import { join } from 'node:path';

import { inspectModel } from '../../../engine/api/inspect-model';
import { inFolder } from '../../support/folder';
import { tinyJob } from '../../support/tiny';

const written = (folder: string): string => {
  tinyJob(folder);
  return join(folder, 'model.onnx');
};

describe('inspectModel', () => {
  it('lists layers with shapes, MACs, parameters and techniques', () =>
    inFolder(async (folder) => {
      const { layers, macs, params, parts } = await inspectModel(written(folder));
      expect(layers.map(({ name }) => name)).toEqual(['c1', 'c2', 'c3', 'fc']);
      expect(layers[1]).toEqual({
        name: 'c2',
        kind: 'Conv',
        kernel: [3, 3],
        stride: [1, 1],
        input: [8, 8, 8],
        output: [12, 8, 8],
        macs: 12 * 8 * 9 * 64,
        params: 12 * 8 * 9 + 12,
        techniques: ['spatial-svd', 'weight-svd', 'channel-pruning'],
      });
      expect(macs).toBe(layers.reduce((sum, layer) => sum + layer.macs, 0));
      expect(params).toBe(layers.reduce((sum, layer) => sum + layer.params, 0));
      expect(parts).toContainEqual({ name: 'c3', technique: 'spatial-svd', layers: ['c3'], units: 17 }); // 18 would cost as much as the layer
    }));

  it('leaves out what is ignored, and names a layer that is not there', () =>
    inFolder(async (folder) => {
      const model = written(folder);
      const { layers } = await inspectModel(model, { ignore: ['c2'] });
      expect(layers[1].techniques).toEqual([]);
      await expect(inspectModel(model, { ignore: ['c9'] })).rejects.toMatchObject({
        name: 'EngineError',
        code: 'InvalidSettings',
      });
    }));

  it('checks data against the model', () =>
    inFolder(async (folder) => {
      const model = written(folder);
      const data = [{ images: join(folder, 'images.npy'), labels: join(folder, 'none.npy') }];
      await expect(inspectModel(model, { data })).rejects.toMatchObject({ code: 'InvalidData' });
    }));
});
