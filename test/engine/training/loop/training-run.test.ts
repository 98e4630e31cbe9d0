import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../../engine/data/dataset';
import { fineTuneJob } from '../../../../engine/jobs/fine-tune';
import { type JobContext, quiet } from '../../../../engine/jobs/job-context';
import type { FineTuneInput, Progress } from '../../../../engine/jobs/types';
import { saveModel, serializeModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import { evaluate as evaluateModel } from '../../../../engine/runtime/measure-metric';
import { Session } from '../../../../engine/runtime/session';
import type { OpenSession } from '../../../../engine/training/loop/step-calls';
import type { TrainingSettings } from '../../../../engine/training/settings';
import { train } from '../../../../engine/training/trainer';
import { smallNetwork, smallSettings, writeSmall, type Written } from '../small';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-run-'));
let smallFiles: Written;

beforeAll(() => {
  saveModel(smallNetwork(true), join(folder, 'small.onnx'));
  smallFiles = writeSmall(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;
const small = (changes: Partial<FineTuneInput>): FineTuneInput => ({
  model: join(folder, 'small.onnx'),
  data: smallFiles,
  settings: smallSettings,
  threads: 1,
  checkpoints: join(folder, `checkpoints-${runs}`),
  checkpointSeconds: 3600,
  out: join(folder, `out-${runs++}.onnx`),
  ...changes,
});

/** Keeps what a job says, and stops it after a number of steps. */
function recorder(stopAfter = Infinity): JobContext & { said: Progress[] } {
  const said: Progress[] = [];
  let steps = 0;
  return {
    said,
    report: (progress) => void said.push(progress),
    checkStop() {
      if (steps++ >= stopAfter) throw new Error('stopped');
    },
  };
}

describe('the run', () => {
  test('a loss that keeps diverging goes back twice, each time with a tenth of the rate, then fails', async () => {
    const context = recorder();
    const hot = { ...smallSettings, schedule: 'constant' as const, learningRate: 1e6 };
    await expect(fineTuneJob(small({ settings: hot }), context)).rejects.toMatchObject({
      code: 'Diverged',
      message: expect.stringMatching(
        /with 1000000 \(.*\), at step .* with 100000 \(.*\), at step .* with 10000 \(.*below 10000/,
      ) as string,
    });
    const retries = context.said.flatMap(({ checkpoint }) => checkpoint ?? []);
    expect(retries.map((path) => path.split('/').at(-1))).toEqual([
      expect.stringMatching(/^retry-1-step-/),
      expect.stringMatching(/^retry-2-step-0/),
    ]);
  });

  test('a model that diverged once ends well from its last good state, and the result says so', async () => {
    const job = small({ settings: { ...smallSettings, learningRate: 3 } });
    const context = recorder();
    const { retries, losses, notes } = await fineTuneJob(job, context);
    expect(retries).toHaveLength(1);
    expect(retries[0]).toMatchObject({ from: 3, to: 0.3 });
    expect(retries[0].backTo).toBeGreaterThan(0);
    expect(notes).toEqual([
      expect.stringMatching(/^fine-tuning diverged at step .* learning rate 0\.3 instead of 3$/),
    ]);
    expect(context.said.map(({ note }) => note)).toContain(notes[0]);
    expect(losses).toHaveLength(4);
    expect(losses[3]).toBeLessThan(losses[0]);
  });

  test('early stopping ends training, and keeps the best epoch', async () => {
    const evaluate = { data: smallFiles, metric: 'top1' as const };
    const patient = small({
      settings: { ...smallSettings, epochs: 40, earlyStopping: { patience: 2 } },
      evaluate,
    });
    const told = await fineTuneJob(patient, quiet);
    const { epoch, value } = told.best!;
    expect(told.evaluations).toHaveLength(epoch + 3);
    expect(told.steps).toBe(8 * (epoch + 2));
    expect(told.losses).toHaveLength(epoch + 2);
    expect(told.notes).toEqual([
      expect.stringMatching(`stopped after epoch ${epoch + 2} of 40: .* best after epoch ${epoch},`),
    ]);
    // What is written is that epoch's model.
    const data = Dataset.open(smallFiles);
    expect(await evaluateModel(openModel(patient.out), data, { metric: 'top1', threads: 1 })).toBe(value);
    data.close();
  });

  test('what did not fit memory on one machine is computed in the same pieces on the next', async () => {
    const short: OpenSession = async (model) => {
      const session = await Session.open(model, { threads: 1, provider: 'cpu' });
      return {
        close: () => session.close(),
        run: (feeds) => {
          if ((feeds.x?.dims[0] ?? 0) <= 6) return session.run(feeds);
          throw new Error('Failed to allocate memory for requested buffer of size 38545920');
        },
      };
    };
    const data = Dataset.open(smallFiles);
    const options = (context = recorder()) => ({
      settings: smallSettings,
      threads: 1,
      checkpointSeconds: 3600,
      sources: smallFiles,
      checkpoints: mkdtempSync(join(folder, 'short-')),
      monitor: context,
    });
    const graph = openModel(join(folder, 'small.onnx'));
    const whole = await train(graph, data, { ...options(), open: short });
    expect(whole.notes).toEqual([
      expect.stringMatching(
        /^a batch of 12 did not fit into memory: from step 0 on, .* pieces of 6; BatchNorm/,
      ),
    ]);
    const context = recorder(9);
    await expect(train(graph, data, { ...options(context), open: short })).rejects.toThrow('stopped');
    const resume = context.said.at(-1)!.checkpoint;
    const again = await train(graph, data, { ...options(), resume });
    data.close();
    expect(again).toMatchObject({ resumedAt: 9, notes: whole.notes, losses: whole.losses });
    expect(serializeModel(again.graph)).toEqual(serializeModel(whole.graph));
  });

  test('what would not fit the memory that is free is computed in pieces from the start, and the result says so', async () => {
    const data = Dataset.open(smallFiles);
    const graph = openModel(join(folder, 'small.onnx'));
    const options = (settings: TrainingSettings) => ({
      settings,
      threads: 1,
      checkpointSeconds: 3600,
      sources: smallFiles,
      monitor: quiet,
      checkpoints: mkdtempSync(join(folder, 'foreseen-')),
    });
    const { graph: asked } = await train(graph, data, options({ ...smallSettings, microBatch: 3 }));
    // A step takes about 51 kB, and 15 kB an image.
    const foreseen = await train(graph, data, { ...options(smallSettings), freeBytes: () => 120_000 });
    expect(foreseen.notes).toEqual([
      expect.stringMatching(
        /^a batch of 12 was not tried, since it needs about 1 MiB and only 1 MiB were free: from step 0 on, .* pieces of 3; BatchNorm/,
      ),
    ]);
    expect(serializeModel(foreseen.graph)).toEqual(serializeModel(asked));
    const enough = await train(graph, data, { ...options(smallSettings), freeBytes: () => 2 ** 30 });
    expect(enough.notes).toEqual([]);
    data.close();
  });

  test('asked to stop while an epoch is judged, it leaves a checkpoint of that epoch', async () => {
    const job = small({
      settings: { ...smallSettings, keepBest: true },
      evaluate: { data: smallFiles, metric: 'top1' },
    });
    // Three batches judge the given model, eight steps follow, and then the first batch that judges these.
    const context = recorder(11);
    await expect(fineTuneJob(job, context)).rejects.toThrow('stopped');
    const resume = context.said.at(-1)!.checkpoint;
    expect(resume).toMatch(/step-8\.safetensors$/);
    const whole = small({ ...job, checkpoints: `${job.checkpoints}-whole`, out: `${job.out}-whole` });
    const told = await fineTuneJob(whole, quiet);
    expect(await fineTuneJob({ ...job, resume }, quiet)).toEqual({ ...told, resumedAt: 8 });
  });

  test('what judges is asked for where it is missing', async () => {
    const job = small({ settings: { ...smallSettings, keepBest: true } });
    await expect(fineTuneJob(job, quiet)).rejects.toThrow(
      'fine-tuning setting keepBest needs evaluation data',
    );
  });

  test('a batch larger than the data is all of them, and the result says so', async () => {
    const { notes, steps } = await fineTuneJob(small({ settings: { ...smallSettings, batch: 1000 } }), quiet);
    expect(steps).toBe(4);
    expect(notes).toEqual(['fine-tuning batches hold all 90 samples, fewer than the requested 1000']);
  });
});
