import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fineTuneJob } from '../../../../engine/jobs/fine-tune';
import { quiet } from '../../../../engine/jobs/job-context';
import type { FineTuneInput } from '../../../../engine/jobs/types';
import { intOf } from '../../../../engine/onnx/node-attributes';
import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { Session } from '../../../../engine/runtime/session';
import { Computer } from '../../../../engine/training/loop/micro-batching';
import { lossScaling } from '../../../../engine/training/optimizers/loss-scaling';
import { withOwnConstants } from '../../../../engine/training/parameters/parameters';
import { initialVectors, type Vectors } from '../../../../engine/training/parameters/vectors';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, type StepSettings } from '../../../../engine/training/step/step';
import { smallNetwork, smallSettings, writeSmall, type Written } from '../small';
import { sizeOf } from '../../../../engine/tensor/tensor';
import { digits, root } from '../support';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-half-'));
let files: Written;
beforeAll(() => {
  saveModel(smallNetwork(true), join(folder, 'small.onnx'));
  files = writeSmall(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A digits network, or the small one. */
const example = (name: string) =>
  withOwnConstants(
    name === 'small' ? smallNetwork(true) : loadModel(join(root, 'examples', 'digits', `${name}.onnx`)),
  );
const data = digits();
/** The first four digits, or their corners with labels of four classes. */
const batchOf = (image: readonly number[]) => ({
  images: data.images.slice(0, 4 * sizeOf(image)),
  labels: Int32Array.from(data.labels.slice(0, 4), (label) => label % (image[1] === 8 ? 4 : 10)),
  size: 4,
});
/** At rate 1 without momentum, what SGD calls momenta are the gradients. */
const rates = { learningRate: 1, momentum: 0 };

async function step(name: string, settings: Partial<StepSettings>, begin: Partial<Vectors> = {}) {
  const graph = example(name);
  const image = name === 'small' ? [1, 8, 8] : [1, 28, 28];
  const shapes = await measureShapes(graph, image);
  const teacher = settings.distillation && { graph, shapes };
  const own: StepSettings = { weightDecay: 0, teacher, ...settings };
  const model = { graph, shapes, settings: own, step: buildTrainingStep(graph, shapes, own) };
  const computer = new Computer(model, (built) => Session.open(built, { threads: 1, provider: 'cpu' }));
  const vectors = { ...initialVectors(model.step.vectors, graph), ...begin } as Vectors;
  const told = await computer.steps(vectors, { first: 0, batches: [batchOf(image)], rates: [rates] });
  await computer.close();
  return { before: vectors, after: told.vectors, loss: told.losses[0], model: model.step.model };
}

/** The norm of the difference of two vectors, relative to that of the second. */
function apart(actual: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(actual.map((value, at) => value - expected[at])) / norm(expected);
}

describe('a step in mixed precision', () => {
  test.each<[string, Partial<StepSettings>]>([
    ['resnet20-digits', {}],
    ['resnet20-digits.bn', {}],
    ['small', { batchNorm: 'frozen', loss: 'mean-squared-error' }],
    ['small', { distillation: { weight: 0.5, temperature: 2 } }],
  ])('of %s, %j, has the loss and the gradients of float32', async (name, settings) => {
    const whole = await step(name, settings);
    const mixed = await step(name, { ...settings, mixed: true });
    // A processor that computes in float16 itself rounds more than one that casts.
    expect(Math.abs(mixed.loss - whole.loss)).toBeLessThan(0.01 + 0.05 * whole.loss);
    expect(apart(mixed.after.momenta, whole.after.momenta)).toBeLessThan(0.1);
    expect([...mixed.after[lossScaling]]).toEqual([65536, 1, 1]);
  });

  test('computes convolutions and products in float16, and nothing that sums or normalizes', async () => {
    const { model } = await step('resnet20-digits.bn', { mixed: true });
    const halves = new Set(
      model.nodes.flatMap((node) => {
        const { opType, name, output } = node;
        const cast = opType === 'Cast' && intOf(node, 'to', 0) === 10;
        return cast || name.endsWith(' in float16') ? output : [];
      }),
    );
    const inHalf = (operators: string[]) => {
      const nodes = model.nodes.filter(({ opType }) => operators.includes(opType));
      const counts = nodes.map(({ input }) => input.filter((value) => halves.has(value)).length);
      expect(nodes.length).toBeGreaterThan(0);
      return [Math.min(...counts), Math.max(...counts)];
    };
    expect(inHalf(['Conv', 'ConvTranspose', 'Gemm'])[0]).toBeGreaterThanOrEqual(2);
    expect(inHalf(['ReduceSum', 'ReduceMean', 'LogSoftmax', 'Exp', 'Div', 'Sqrt'])[1]).toBe(0);
  });

  test('is skipped where gradients overflow, with half the loss scale', async () => {
    const scaling = { [lossScaling]: Float32Array.of(3e38, 4, 9) };
    const { before, after, loss } = await step('small', { mixed: true, loss: 'mean-squared-error' }, scaling);
    expect(loss).toBeGreaterThan(0);
    expect([...after[lossScaling]]).toEqual([Math.fround(1.5e38), 0, 9]);
    expect(after.parameters).toEqual(before.parameters);
    expect(after.momenta).toEqual(before.momenta);
  });
});

describe('training in mixed precision', () => {
  const job = (name: string, changes: Partial<FineTuneInput['settings']>): FineTuneInput => ({
    model: join(folder, 'small.onnx'),
    data: files,
    settings: { ...smallSettings, ...changes },
    threads: 1,
    checkpoints: join(folder, `${name}-checkpoints`),
    checkpointSeconds: 0,
    out: join(folder, `${name}.onnx`),
    curve: true,
  });

  test('goes as in float32, says that the CPU is slower at it, and ends in the same bits when resumed', async () => {
    const whole = await fineTuneJob(job('float32', {}), quiet);
    const input = job('mixed', { precision: 'mixed', optimizer: 'adamw', learningRate: 0.01 });
    const mixed = await fineTuneJob(job('sgd', { precision: 'mixed' }), quiet);
    expect(whole.notes).toEqual([]);
    expect(mixed.notes).toEqual([expect.stringMatching(/mixed, which on the CPU is slower/)]);
    mixed.losses.forEach((loss, at) =>
      expect(Math.abs(loss - whole.losses[at])).toBeLessThan(0.05 * whole.losses[0]),
    );

    const told = await fineTuneJob(input, quiet);
    expect(told.losses[3]).toBeLessThan(told.losses[0] / 2);
    let checks = 0;
    let resume: string | undefined;
    const stopping = {
      report: ({ checkpoint }: { checkpoint?: string }) => void (resume = checkpoint ?? resume),
      checkStop() {
        if (checks++ === 13) throw new Error('stopped');
      },
    };
    await expect(fineTuneJob(input, stopping)).rejects.toThrow('stopped');
    expect(resume).toMatch(/step-13/);
    expect(await fineTuneJob({ ...input, resume }, quiet)).toEqual({ ...told, resumedAt: 13 });
  });

  test('auto is float32 on the CPU', async () => {
    const [auto, whole] = [job('auto', { precision: 'auto' }), job('plain', {})];
    expect(await fineTuneJob(auto, quiet)).toEqual(await fineTuneJob(whole, quiet));
  });
});
