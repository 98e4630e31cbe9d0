import { join } from 'node:path';

import { evaluateModel } from '../../../engine/api/evaluate-model';
import { Dataset } from '../../../engine/data/dataset';
import { openModel } from '../../../engine/onnx/open-model';
import { JobPool } from '../../../engine/pools/thread-pool';
import { evaluate } from '../../../engine/runtime/measure-metric';
import { inFolder } from '../../support/folder';
import { tinyJob } from '../../support/tiny';

const asked = (folder: string) => {
  tinyJob(folder);
  const data = { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy') };
  return { model: join(folder, 'model.onnx'), data: { ...data, range: [0, 200] as const } };
};

describe('evaluateModel', () => {
  it('gives the metric in points and the samples it was computed over', () =>
    inFolder(async (folder) => {
      const { model, data } = asked(folder);
      const source = Dataset.open(data);
      const value = await evaluate(openModel(model), source, { metric: 'top5', threads: 1 });
      source.close();
      expect(await evaluateModel({ model, data, metric: 'top5' })).toEqual({
        metric: 'top5',
        value,
        samples: 200,
        standardError: 0,
      });
      expect(await evaluateModel({ model, data })).toMatchObject({ metric: 'top1', samples: 200 });
    }));

  it('ends when its signal is aborted, and leaves a pool that was given open', () =>
    inFolder(async (folder) => {
      const pool = new JobPool({ slots: 1 });
      try {
        const evaluation = evaluateModel(asked(folder), { pool, signal: AbortSignal.abort() });
        await expect(evaluation).rejects.toMatchObject({ code: 'Cancelled' });
        expect(await evaluateModel(asked(folder), { pool })).toMatchObject({ samples: 200 });
      } finally {
        await pool.close();
      }
    }));

  it('names what does not fit', () =>
    inFolder(async (folder) => {
      const { model, data } = asked(folder);
      const { labels: _labels, ...unlabelled } = data;
      await expect(evaluateModel({ model, data: unlabelled })).rejects.toMatchObject({
        name: 'EngineError',
        code: 'InvalidData',
      });
      await expect(evaluateModel({ model: join(folder, 'none.onnx'), data })).rejects.toMatchObject({
        code: 'InvalidModel',
        message: expect.stringContaining('none.onnx') as string,
      });
    }));
});
