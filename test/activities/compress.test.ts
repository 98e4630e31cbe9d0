import { MockActivityEnvironment } from '@temporalio/testing';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { CompressRequest, HeartbeatDetails } from '../../contract/activities';
import { compress } from '../../engine/jobs/compress';
import type { CompressInput, Progress } from '../../engine/jobs/types';
import { inFolder } from '../support/folder';
import { compute, methodOf, optimal } from '../support/method';
import { tinyJob } from '../support/tiny';
import { atWork, silent } from '../support/workplace';

/** The engine's own job, in this thread; it can be killed behind the checkpoint of a step. */
const engine =
  (killedAt: () => number | undefined) =>
  (input: CompressInput, { onProgress }: { onProgress?: (progress: Progress) => void }) => {
    const limit = killedAt();
    let named = 0;
    return compress(input, {
      checkStop: () => {
        if (limit !== undefined && named >= limit) throw new Error('killed');
      },
      report: (progress) => {
        onProgress?.(progress);
        if (progress.checkpoint) named = progress.done;
      },
    });
  };

/**
 * Compresses the tiny network with fine-tuning after each of two layers; returns the model's digest and the reported
 * progress.
 */
const made = (...kills: number[]) =>
  inFolder(async (folder) => {
    tinyJob(folder);
    const told: HeartbeatDetails[] = [];
    let digest = '';
    await atWork({ compress: engine(() => kills.shift()) }, async ({ do: perform, store }) => {
      const put = (name: string) => store.putFile(join(folder, name));
      const request: CompressRequest = {
        model: await put('model.onnx'),
        method: methodOf('spatial-svd'),
        selection: { ...optimal, mode: 'manual', ratios: { c2: 0.4, c3: 0.5 } },
        target: 0.5,
        scores: await store.putJson(
          ['c2', 'c3'].map((layer) => ({ layer, technique: 'spatial-svd', scores: [] })),
        ),
        train: { images: await put('images.npy'), labels: await put('labels.npy'), range: [0, 60] },
        reconstruction: { samples: 1, patches: 1, seed: 0 },
        compute,
        fineTuneEach: {
          epochs: 0.5,
          learningRate: 0.01,
          batch: 10,
          optimizer: 'sgd',
          momentum: 0.9,
          weightDecay: 0,
          schedule: 'one-cycle',
          seed: 0,
        },
      };
      const environment = () => {
        const fresh = new MockActivityEnvironment({}, { logger: silent });
        fresh.on('heartbeat', (details: HeartbeatDetails) => told.push(details));
        return fresh;
      };
      while (kills.length)
        await expect(perform('compress', request, environment())).rejects.toThrow('killed');
      const before = told.length;
      const { model, notes } = await perform('compress', request, environment());
      expect(notes.at(-1)).toMatch(/^2 layers .* 6 steps/);
      digest = model.sha256;
      const last = told.at(before - 1)?.checkpoint;
      if (last) expect(existsSync(new URL(last.uri))).toBe(false); // what is finished needs no checkpoint
      told.splice(0, before);
    });
    return { digest, told };
  });

it('compressing layer by layer resumes at the last layer in a retry, to the same bits', async () => {
  const whole = await made();
  expect(whole.told[0].done).toBe(0);
  const resumed = await made(3); // three steps follow the first layer
  const told = resumed.told.filter(({ note }) => note.includes('·'));
  expect(told[0].done).toBeGreaterThan(3);
  expect(told.every(({ note }) => note.startsWith('c3'))).toBe(true);
  expect(resumed.digest).toBe(whole.digest);
});
