import { MockActivityEnvironment } from '@temporalio/testing';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { HeartbeatDetails } from '../../contract/activities';
import type { FineTuneInput, Progress } from '../../engine/jobs/types';
import { compute, provenance } from '../support/method';
import { atWork, silent } from '../support/workplace';

const settings = {
  epochs: 1,
  learningRate: 0.01,
  batch: 1,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'one-cycle',
  seed: 0,
} as const;

/** A trainer of four steps that writes a checkpoint after each; it can be killed after the second. */
const trainer =
  (fails: () => boolean) =>
  async (input: FineTuneInput, { onProgress }: { onProgress?: (progress: Progress) => void }) => {
    const resumedAt = input.resume ? Number(readFileSync(input.resume, 'utf8').split(' ')[0]) : 0;
    for (let step = resumedAt + 1; step <= 4; step++) {
      const checkpoint = join(input.checkpoints, `step-${step}`);
      writeFileSync(checkpoint, `${step} of seed ${input.settings.seed}`);
      onProgress?.({ done: step, total: 4, note: '', checkpoint });
      await new Promise((resolve) => setTimeout(resolve, 30));
      if (step === 2 && fails()) throw new Error('killed');
    }
    writeFileSync(input.out, 'tuned');
    return { steps: 4, resumedAt, losses: [1], retries: [], notes: [], provenance };
  };

describe('fine-tuning', () => {
  it('resumes at its last checkpoint in a retry', () => {
    let tries = 0;
    return atWork(
      { fineTune: trainer(() => ++tries === 1) },
      async ({ do: perform, model, split, store }) => {
        const request = { model, data: split, settings, compute };
        const environment = new MockActivityEnvironment({}, { logger: silent });
        const told: HeartbeatDetails[] = [];
        environment.on('heartbeat', (details: HeartbeatDetails) => told.push(details));
        await expect(perform('fineTune', request, environment)).rejects.toThrow('killed');
        const checkpoint = told.at(-1)?.checkpoint;
        expect(readFileSync(new URL(checkpoint!.uri), 'utf8')).toBe('2 of seed 0');

        const tuned = await perform('fineTune', request);
        expect(tuned).toMatchObject({ steps: 4, resumedAt: 2, losses: [1] });
        expect(readFileSync(await store.path(tuned.model), 'utf8')).toBe('tuned');
        expect(existsSync(new URL(checkpoint!.uri))).toBe(false); // what is finished needs none
      },
    );
  });

  it('resumes at its checkpoint although a worker that was thought dead drops it meanwhile', () => {
    let tries = 0;
    let late = () => {};
    const train = trainer(() => ++tries === 1);
    return atWork(
      {
        fineTune: (input, options) => {
          late();
          return train(input, options);
        },
      },
      async ({ do: perform, model, split, store }) => {
        const request = { model, data: split, settings, compute };
        await expect(perform('fineTune', request)).rejects.toThrow('killed');
        late = () => rmSync(join(store.where, 'checkpoints'), { recursive: true });
        expect(await perform('fineTune', request)).toMatchObject({ steps: 4, resumedAt: 2 });
      },
    );
  });

  it('starts over if the checkpoint is corrupt, or the settings differ', () => {
    let tries = 0;
    return atWork({ fineTune: trainer(() => ++tries <= 2) }, async ({ do: perform, model, split, store }) => {
      const request = { model, data: split, settings, compute };
      await expect(perform('fineTune', request)).rejects.toThrow('killed');
      const checkpoints = join(store.where, 'checkpoints');
      for (const name of readdirSync(checkpoints, { recursive: true, encoding: 'utf8' }))
        if (name.length > 70 && !name.endsWith('.json')) writeFileSync(join(checkpoints, name), 'spoiled');
      const restored = request;
      await expect(perform('fineTune', restored)).rejects.toThrow('killed');
      const other = await perform('fineTune', { ...restored, settings: { ...settings, seed: 1 } });
      expect(other.resumedAt).toBe(0);
      expect((await perform('fineTune', restored)).resumedAt).toBe(2);
    });
  });

  it('hands on the model to learn from', () =>
    atWork({ fineTune: trainer(() => false) }, async ({ do: perform, model, split, store, calls }) => {
      const teacher = await store.putBytes('teacher');
      await perform('fineTune', {
        model,
        data: split,
        settings: { ...settings, distillation: {} },
        compute,
        teacher,
      });
      const [{ input }] = calls;
      expect(readFileSync((input as FineTuneInput).teacher!, 'utf8')).toBe('teacher');
    }));

  it('hands on the data that judge a model, where there are any', () =>
    atWork({ fineTune: trainer(() => false) }, async ({ do: perform, model, split, calls }) => {
      await perform('fineTune', { model, data: split, settings, compute });
      const judged = { ...settings, keepBest: true };
      await perform('fineTune', {
        model,
        data: split,
        compute,
        settings: judged,
        evaluate: { data: split, metric: 'top5' },
      });
      const [plain, judging] = calls.map(({ input }) => input as FineTuneInput);
      expect(plain.provider).toBe(compute.provider);
      expect(plain.evaluate).toBeUndefined();
      expect(judging).toMatchObject({
        settings: judged,
        evaluate: { data: { ...judging.data, range: [0, 1] }, metric: 'top5' },
      });
    }));
});
