import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import { Dataset } from '../../../engine/data/dataset';
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import type { JobContext } from '../../../engine/jobs/job-context';
import { quiet } from '../../../engine/jobs/job-context';
import type { FineTuneInput, FineTuneSettings, Progress } from '../../../engine/jobs/types';
import { loadModel, saveModel } from '../../../engine/onnx/model';
import { Session } from '../../../engine/runtime/session';
import { floats } from '../../../engine/tensor/tensor';
import { modelOf } from '../../support/graphs';
import { smallNetwork, smallSettings, writeSmall, type Written } from './small';
import { digits, floatsOf, root } from './support';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-training-'));
const model = (name: string) => join(root, 'examples', 'digits', `${name}.onnx`);
const images = join(folder, 'images.npy');
const labels = join(folder, 'labels.npy');
const samples = 600;

beforeAll(() => {
  const data = digits();
  writeNpy(images, floats([samples, 1, 28, 28], data.images.slice(0, samples * 784)));
  writeNpy(labels, { type: 'uint8', dims: [samples], data: data.labels.slice(0, samples) });
  saveModel(smallNetwork(true), join(folder, 'small.onnx'));
  smallFiles = writeSmall(mkdtempSync(join(folder, 'small-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

const settings: FineTuneSettings = {
  epochs: 2,
  learningRate: 0.002,
  batch: 16,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: 'one-cycle',
  seed: 3,
};

let runs = 0;
const input = (changes: Partial<FineTuneInput> = {}): FineTuneInput => ({
  model: model('resnet20-digits'),
  data: { images, labels, range: [0, 60] },
  settings,
  threads: 1,
  checkpoints: join(folder, `checkpoints-${runs}`),
  checkpointSeconds: 3600,
  out: join(folder, `out-${runs++}.onnx`),
  ...changes,
});

/** A job for the small network. */
let smallFiles: Written;
const small = (changes: Partial<FineTuneInput>) =>
  input({ model: join(folder, 'small.onnx'), data: smallFiles, settings: smallSettings, ...changes });

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

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

describe('fineTuneJob', () => {
  test.each(['resnet20-digits'])('%s, stopped and resumed, ends in the same bits', async (name) => {
    const whole = input({ model: model(name) });
    const context = recorder();
    const told = await fineTuneJob(whole, context);
    expect(told).toMatchObject({ steps: 8, resumedAt: 0 });
    expect(told.losses).toHaveLength(2);
    expect(context.said.at(-1)).toMatchObject({ done: 8, total: 8 });
    expect(context.said.at(-1)!.note).toMatch(/^epoch 2\/2 · loss \d+\.\d{3} · lr \S+$/);

    const cut = input({ model: model(name), checkpointSeconds: 0 });
    const halfway = recorder(6);
    await expect(fineTuneJob(cut, halfway)).rejects.toThrow('stopped');
    expect(readdirSync(cut.checkpoints).sort()).toEqual(['step-5.safetensors', 'step-6.safetensors']);
    const resume = halfway.said.flatMap(({ checkpoint }) => checkpoint ?? []).at(-2)!;
    const again = await fineTuneJob({ ...cut, resume }, quiet);
    expect(again).toEqual({ ...told, resumedAt: 5 });
    expect(digest(cut.out)).toBe(digest(whole.out));
  });

  test('a run that is asked to stop leaves a checkpoint of where it was', async () => {
    const cut = small({});
    const context = recorder(5);
    await expect(fineTuneJob(cut, context)).rejects.toThrow('stopped');
    const resume = context.said.at(-1)!.checkpoint!;
    expect(resume).toMatch(/step-5\.safetensors$/);
    const whole = small({});
    await fineTuneJob(whole, quiet);
    expect(await fineTuneJob({ ...cut, resume }, quiet)).toMatchObject({ resumedAt: 5 });
    expect(digest(cut.out)).toBe(digest(whole.out));
  });

  test('training brings a damaged model back, and keeps its structure', async () => {
    const damaged = loadModel(model('resnet20-digits'));
    for (const name of damaged.initializers) {
      const { dims, data } = damaged.constant(name)!;
      if (dims.length === 4) {
        // Coarse rounding does to the weights what a low rank would: it costs a good part of the accuracy.
        const step = Math.max(...(data as Float32Array).map(Math.abs)) / 2.5;
        damaged.setConstant(
          name,
          floats(
            dims,
            (data as Float32Array).map((w) => Math.round(w / step) * step),
          ),
        );
      }
    }
    const path = join(folder, 'damaged.onnx');
    saveModel(damaged, path);
    const job = input({
      model: path,
      data: { images, labels, range: [0, 400] },
    });
    const { losses } = await fineTuneJob(job, quiet);
    expect(losses[1]).toBeLessThan(losses[0] / 2);
    const tuned = loadModel(job.out);
    expect(tuned.nodes.map(({ opType, name }) => [opType, name])).toEqual(
      damaged.nodes.map(({ opType, name }) => [opType, name]),
    );
    expect(tuned.initializers).toEqual(damaged.initializers);
    expect(await accuracy(job.out)).toBeGreaterThan((await accuracy(path)) + 5);
  });

  test('BatchNormalization stays, with statistics that moved', async () => {
    const job = input({ model: model('resnet20-digits.bn') });
    await fineTuneJob(job, quiet);
    const [before, after] = [loadModel(job.model), loadModel(job.out)];
    const norms = (graph: typeof before) =>
      graph.nodes.filter(({ opType }) => opType === 'BatchNormalization');
    expect(norms(after)).toEqual(norms(before));
    const [{ input: values }] = norms(after);
    for (const value of values.slice(1)) {
      expect(floatsOf(after.constant(value))).not.toEqual(floatsOf(before.constant(value)));
    }
    expect(await accuracy(job.out)).toBeGreaterThan(95);
  });

  test.each<[string, () => Partial<FineTuneInput>, string, RegExp]>([
    [
      'labels',
      () => ({ data: { images, labels: wrongLabels(), range: [0, 32] } }),
      'InvalidData',
      /wrong\.npy.*label 10/,
    ],
    [
      'shape',
      () => ({ data: { images: wrongImages(), labels, range: [0, 32] } }),
      'InvalidData',
      /\[1, 24, 24\]/,
    ],
    ['range', () => ({ data: { images, labels, range: [32, 32] } }), 'InvalidData', /range \[32, 32\]/],
    [
      'label count',
      () => ({ data: { images, labels: fewLabels() } }),
      'InvalidData',
      /few\.npy.*one label per image/,
    ],
    [
      'label shape',
      () => ({ data: { images, labels: pixelLabels() } }),
      'InvalidData',
      /labels have shape \[(batch, )?28, 28\]/,
    ],
    ['model', () => ({ model: untrainable(), data: smallFiles }), 'UnsupportedModel', /no float32 weights/],
    ['piece', () => ({ settings: { ...settings, microBatch: 0 } }), 'InvalidSettings', /microBatch is 0/],
    ['rate', () => ({ settings: { ...settings, learningRate: -1 } }), 'InvalidSettings', /learningRate/],
    ['checkpoint', () => ({ resume: join(folder, 'none') }), 'InvalidData', /none/],
  ])('wrong %s is told in a sentence', async (_, changes, code, message) => {
    await expect(fineTuneJob(input(changes()), quiet)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('a checkpoint of other settings is refused', async () => {
    const job = small({ checkpointSeconds: 0 });
    const context = recorder(2);
    await expect(fineTuneJob(job, context)).rejects.toThrow('stopped');
    const resume = context.said.at(-1)!.checkpoint;
    await expect(
      fineTuneJob({ ...job, resume, settings: { ...smallSettings, seed: 4 } }, quiet),
    ).rejects.toThrow(/another model, data set or settings/);
    // The same labels, with images that are read otherwise.
    const normalized = { ...smallFiles, normalize: { scale: 0.5 } };
    await expect(fineTuneJob({ ...job, resume, data: normalized }, quiet)).rejects.toThrow(
      /another model, data set or settings/,
    );
  });
});

function wrongLabels(): string {
  const path = join(folder, 'wrong.npy');
  writeNpy(path, { type: 'uint8', dims: [samples], data: new Uint8Array(samples).fill(10) });
  return path;
}

function fewLabels(): string {
  const path = join(folder, 'few.npy');
  writeNpy(path, { type: 'uint8', dims: [samples - 1], data: new Uint8Array(samples - 1) });
  return path;
}

function pixelLabels(): string {
  const path = join(folder, 'pixels.npy');
  writeNpy(path, { type: 'uint8', dims: [samples, 28, 28], data: new Uint8Array(samples * 784) });
  return path;
}

/** A model with nothing to train. */
function untrainable(): string {
  const path = join(folder, 'untrainable.onnx');
  const nodes = [
    { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['pooled'] },
    { op: 'Expand', inputs: ['pooled', 'shape'], outputs: ['wide'] },
    { op: 'Flatten', inputs: ['wide'], outputs: ['y'] },
  ];
  const shape = { type: 'int64' as const, dims: [4], data: BigInt64Array.of(1n, 4n, 1n, 1n) };
  saveModel(modelOf(['x', ['batch', 1, 8, 8]], nodes, ['y', ['batch', 4]], { shape }), path);
  return path;
}

function wrongImages(): string {
  const path = join(folder, 'small.npy');
  writeNpy(path, floats([samples, 1, 24, 24]));
  return path;
}

/** Percent of the images that a model tells right. */
async function accuracy(path: string): Promise<number> {
  const session = await Session.open(loadModel(path), { threads: 1 });
  const data = Dataset.open({ images, labels });
  let right = 0;
  for (const batch of data.batches(100)) {
    const result = await session.run({ [session.inputs[0]]: floats([batch.size, 1, 28, 28], batch.images) });
    const logits = floatsOf(result[session.outputs[0]]);
    for (let at = 0; at < batch.size; at++) {
      const row = logits.subarray(10 * at, 10 * at + 10);
      if (row.indexOf(Math.max(...row)) === batch.labels[at]) right++;
    }
  }
  data.close();
  await session.close();
  return (100 * right) / samples;
}
