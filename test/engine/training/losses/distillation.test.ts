import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../../engine/data/dataset';
import { writeNpy } from '../../../../engine/data/npy';
import { quiet } from '../../../../engine/jobs/job-context';
import type { Graph } from '../../../../engine/onnx/graph';
import { parseModel, serializeModel } from '../../../../engine/onnx/model';
import { floats } from '../../../../engine/tensor/tensor';
import type { TrainingSettings } from '../../../../engine/training/settings';
import { train, type TrainingOptions } from '../../../../engine/training/trainer';
import { floatsOf, goldenTensors } from '../support';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-distillation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const goldens = goldenTensors('settings.safetensors');
const golden = goldens.get('distillation alone')!;
const model = (part: string): Graph => parseModel(golden.get(part)!.data as Uint8Array);
const file = (name: string) => join(folder, `${name}.npy`);
writeNpy(file('images'), floats([80, 3, 8, 8], floatsOf(goldens.get('common')!.get('images'))));
writeNpy(file('many'), { type: 'uint8', dims: [80, 4], data: new Uint8Array(320).map((_, at) => at % 2) });
writeNpy(file('wrong'), { type: 'uint8', dims: [80, 4], data: new Uint8Array(320).fill(2) });

const settings: TrainingSettings = {
  epochs: 6,
  learningRate: 0.01,
  batch: 16,
  optimizer: 'adamw',
  momentum: 0.9,
  weightDecay: 1e-3,
  schedule: 'cosine',
  seed: 3,
};

let runs = 0;
const options = (changes: Partial<TrainingOptions> = {}): TrainingOptions => ({
  settings,
  threads: 1,
  checkpoints: join(folder, `checkpoints-${runs++}`),
  checkpointSeconds: 3600,
  monitor: quiet,
  sources: { images: file('images') },
  ...changes,
});

async function withData<T>(labels: string | undefined, use: (data: Dataset) => Promise<T>): Promise<T> {
  const data = Dataset.open({ images: file('images'), labels: labels && file(labels) });
  try {
    return await use(data);
  } finally {
    data.close();
  }
}

describe('train', () => {
  test('a teacher teaches without labels, by batch statistics put back for the time', async () => {
    const own = options({
      teacher: model('teacher'),
      settings: {
        ...settings,
        learningRate: 0.03,
        distillation: { features: ['r1'] },
        batchNorm: 'restore',
      },
    });
    const { losses, graph } = await withData(undefined, (data) => train(model('model'), data, own));
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]);
    expect(graph.nodes).toEqual(model('model').nodes);
    expect(graph.initializers).toEqual(model('model').initializers);
  });

  test('a teacher whose nodes have no names teaches as the same one with names does', async () => {
    const unnamed = model('teacher');
    for (const node of unnamed.nodes) node.name = '';
    const [named, other] = [model('teacher'), unnamed].map((teacher) => options({ teacher }));
    const losses = await withData(undefined, async (data) => [
      (await train(model('model'), data, named)).losses,
      (await train(model('model'), data, other)).losses,
    ]);
    expect(losses[1]).toEqual(losses[0]);
  });

  test('a student whose names begin as those of the teacher would is taught', async () => {
    const student = model('model');
    const [first] = student.nodes;
    const [output] = first.output;
    student.redirect(output, 'teacher/conv');
    first.output[0] = 'teacher/conv';
    first.name = 'teacher/conv';
    const run = (graph: Graph) =>
      withData(undefined, (data) => train(graph, data, options({ teacher: model('teacher') })));
    expect((await run(parseModel(serializeModel(student)))).losses).toEqual(
      (await run(model('model'))).losses,
    );
  });

  test('moments and averages are part of a checkpoint: stopped and resumed, it ends in the same bits', async () => {
    const settled = { ...settings, clip: 0.5, ema: 0.9 };
    const run = (changes: Partial<TrainingOptions>) =>
      withData(undefined, (data) =>
        train(model('model'), data, options({ settings: settled, teacher: model('teacher'), ...changes })),
      );
    const whole = await run({});
    const checkpoints = join(folder, 'cut');
    const written: string[] = [];
    let steps = 0;
    const monitor = {
      report: ({ checkpoint }: { checkpoint?: string }) => void (checkpoint && written.push(checkpoint)),
      checkStop() {
        if (steps++ === 7) throw new Error('stopped');
      },
    };
    await expect(run({ checkpoints, monitor })).rejects.toThrow('stopped');
    const resumed = await run({ checkpoints, resume: written.at(-1) });
    expect(resumed.resumedAt).toBe(7);
    expect(Buffer.from(serializeModel(resumed.graph)).equals(serializeModel(whole.graph))).toBe(true);
  });

  test('labels of many classes teach by binary cross-entropy', async () => {
    const own = options({ settings: { ...settings, loss: 'binary-cross-entropy' } });
    const { losses } = await withData('many', (data) => train(model('model'), data, own));
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  });

  test.each<[string, string | undefined, Partial<TrainingOptions>, RegExp]>([
    ['no labels', undefined, {}, /has no labels/],
    [
      'a label out of range',
      'wrong',
      { settings: { ...settings, loss: 'binary-cross-entropy' } },
      /label 2 \(row 0 of the split\); binary-cross-entropy needs labels from 0 to 1/,
    ],
    ['a class a label', 'many', {}, /labels have shape \[batch, 4\].*needs \[batch\]/],
  ])('%s is told in a sentence', async (_, labels, changes, message) => {
    const training = withData(labels, (data) => train(model('model'), data, options(changes)));
    await expect(training).rejects.toMatchObject({
      code: 'InvalidData',
      message: expect.stringMatching(message) as string,
    });
  });
});
