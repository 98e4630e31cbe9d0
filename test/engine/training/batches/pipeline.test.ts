import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { Dataset } from '../../../../engine/data/dataset';
import type { DatasetSource } from '../../../../engine/data/source';
import { writeNpy } from '../../../../engine/data/npy';
import { EpochRows } from '../../../../engine/training/batches/batches';
import {
  batchMaker,
  type BatchSettings,
  gathered,
  openBatches,
  PrefetchedBatches,
} from '../../../../engine/training/batches/pipeline';
import { inFolder } from '../../../support/folder';
import { randoms } from '../../../support/graphs';

const settings: BatchSettings = { batch: 4, seed: 3, augment: { flip: true, crop: 1 } };

/** Ten images of 2x6x6 with labels, and what is done with them. */
const withData = (work: (source: DatasetSource, data: Dataset) => Promise<void>) =>
  inFolder(async (folder) => {
    const [images, labels] = ['images', 'labels'].map((name) => join(folder, `${name}.npy`));
    writeNpy(images, randoms([10, 2, 6, 6], 1));
    writeNpy(labels, { type: 'int32', dims: [10], data: Int32Array.from({ length: 10 }, (_, at) => at) });
    const source = { images, labels };
    const data = Dataset.open(source);
    try {
      await work(source, data);
    } finally {
      data.close();
    }
  });

describe('batches', () => {
  test('hold each row once per epoch, in another order and varied again in the next', () =>
    withData(async (_, data) => {
      const make = batchMaker(data, settings);
      const epoch = (at: number) => [0, 1, 2].map((step) => make(3 * at + step));
      const labels = (at: number) => epoch(at).flatMap((batch) => [...batch.labels]);
      expect(epoch(0).map(({ size }) => size)).toEqual([4, 4, 2]);
      for (const at of [0, 1]) expect(labels(at).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(labels(0)).not.toEqual(labels(1));
      const imageOf = (label: number, at: number) =>
        epoch(at).flatMap((batch) =>
          [...batch.labels].flatMap((own, i) =>
            own === label ? [batch.images.slice(72 * i, 72 * i + 72)] : [],
          ),
        )[0];
      expect([0, 1, 2, 3].some((label) => String(imageOf(label, 0)) !== String(imageOf(label, 1)))).toBe(
        true,
      );
    }));

  test('are the same from threads as in place, whatever is asked for before', () =>
    withData(async (source, data) => {
      const make = batchMaker(data, settings);
      const batches = new PrefetchedBatches({ source, settings });
      try {
        // In turn; a jump ahead, as where training resumes; back, as after a divergence; and twice the same.
        for (const step of [0, 1, 2, 3, 11, 12, 1, 2, 2, 3])
          expect(await batches.batch(step)).toEqual(make(step));
      } finally {
        await batches.close();
      }
    }));

  test('come from threads where there is work in them', () =>
    withData(async (source, data) => {
      const opened = [settings, { ...settings, augment: undefined }].map((one) =>
        openBatches(data, source, one),
      );
      expect(opened.map((one) => one instanceof PrefetchedBatches)).toEqual([true, false]);
      expect(await opened[1].batch(5)).toEqual(batchMaker(data, { batch: 4, seed: 3 })(5));
      await Promise.all(opened.map((one) => one.close()));
    }));

  test('asked for one by one, hold the rows of their step', async () => {
    const data = Dataset.random({ shape: [3], samples: 10, seed: 1 });
    const source = gathered(data, { batch: 4, seed: 7 });
    const expected = data.gather(new EpochRows(10, 4, 7).at(5));
    expect(expected.size).toBe(2);
    expect(await source.batch(5)).toEqual(expected);
    await source.close();
  });

  test('augmentation that does not fit is refused before a thread is started', () =>
    withData(async (source, data) => {
      const wrong = { ...settings, augment: { crop: 6, fill: 'reflect' as const } };
      expect(() => openBatches(data, source, wrong)).toThrow(/crop is 6/);
    }));

  test('what a thread can not read is told as the engine tells it', () =>
    withData(async (source) => {
      const batches = new PrefetchedBatches({ source, settings });
      try {
        // Each of the two threads has opened the files.
        for (const step of [0, 1]) await batches.batch(step);
        truncateSync(source.images, 200);
        await expect(batches.batch(9)).rejects.toMatchObject({
          code: 'InvalidData',
          message: expect.stringMatching(/images\.npy ended early/) as string,
        });
      } finally {
        await batches.close();
      }
    }));

  test('whoever waits for a thread that ends, or asks a closed pipeline, gets an error', () =>
    withData(async (source) => {
      const dead = new PrefetchedBatches({ source: { ...source, images: '/none.npy' }, settings });
      await expect(dead.batch(0)).rejects.toThrow(/\/none\.npy cannot be read/);
      await dead.close();
      const closed = new PrefetchedBatches({ source, settings });
      await closed.close();
      await closed.close();
      await expect(closed.batch(0)).rejects.toThrow(/has ended/);
    }));

  test('threads end with the thread that has them', () =>
    withData(async (source) => {
      const pipeline = require.resolve('../../../../engine/training/batches/pipeline');
      const owner = new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         const batches = new (require(workerData.pipeline).PrefetchedBatches)(workerData.task);
         batches.batch(0).then(({ size }) => parentPort.postMessage(size));`,
        { eval: true, workerData: { pipeline, task: { source, settings } } },
      );
      const size = await new Promise((resolve, reject) => owner.on('message', resolve).on('error', reject));
      expect(size).toBe(4);
      // Were its threads to live on, this would not settle.
      expect(await owner.terminate()).toBe(1);
    }));
});
