import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../../engine/data/dataset';
import { writeNpy } from '../../../../engine/data/npy';
import { Random } from '../../../../engine/data/random';
import { quiet } from '../../../../engine/jobs/job-context';
import type { Graph } from '../../../../engine/onnx/graph';
import { relativeDifference } from '../../../../engine/training/losses/squared-difference';
import { Builder } from '../../../../engine/training/emit/builder';
import type { TrainingSettings } from '../../../../engine/training/settings';
import { train } from '../../../../engine/training/trainer';
import { declare } from '../../../../engine/onnx/extract';
import { Session } from '../../../../engine/runtime/session';
import { floats, int64s } from '../../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../../support/graphs';
import { decoderConstants, yolo } from '../../../support/yolo';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-heads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const settings: TrainingSettings = {
  epochs: 4,
  learningRate: 0.003,
  batch: 4,
  optimizer: 'adamw',
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'cosine',
  seed: 3,
  distillation: { logits: 'heads' },
};

let runs = 0;
/** Trains a copy of a model whose weights were disturbed, on random images without labels, to follow the model. */
async function followed(teacher: Graph, shape: readonly number[], changes: Partial<TrainingSettings> = {}) {
  const student = teacher.clone();
  const random = new Random(5);
  for (const name of student.initializers) {
    const tensor = student.constant(name);
    if (tensor?.type !== 'float32' || tensor.dims.length !== 4 || name === 'dfl.weight') continue;
    const data = (tensor.data as Float32Array).map((value) => value * (1 + 0.3 * random.normal()));
    student.setConstant(name, { ...tensor, data });
  }
  const images = join(folder, `${++runs}.npy`);
  writeNpy(images, randoms([8, ...shape], 2));
  const data = Dataset.open({ images });
  try {
    const trained = await train(student, data, {
      settings: { ...settings, ...changes },
      teacher,
      threads: 1,
      checkpoints: join(folder, `checkpoints-${runs}`),
      checkpointSeconds: 3600,
      monitor: quiet,
      sources: { images },
    });
    return { ...trained, student };
  } finally {
    data.close();
  }
}

it('a detector follows its original without labels, and its decoder stays', async () => {
  // BatchNorm is put back for the time, and folded into the whole model again.
  const changes = { batchNorm: 'restore', augment: { flip: true, crop: 4 } } as const;
  const teacher = yolo({ version: 'v8', classes: 3, side: 64, width: 0.0625 });
  const { losses, graph, student } = await followed(teacher, [3, 64, 64], changes);
  expect(losses.at(-1)).toBeLessThan(losses[0] - 0.3);
  for (const name of decoderConstants) expect(graph.constant(name)).toEqual(teacher.constant(name));
  expect(graph.nodes).toEqual(student.nodes);
  expect(graph.outputs).toEqual(student.outputs);
  expect(graph.constant('model.0.weight')).not.toEqual(student.constant('model.0.weight'));
});

it('a detector that chooses its boxes itself follows too', async () => {
  const conv = (name: string, input: string) => ({
    op: 'Conv',
    inputs: [input, `${name}.weight`, `${name}.bias`],
    outputs: [name],
  });
  const teacher = modelOf(
    ['x', ['batch', 3, 8, 8]],
    [
      conv('features', 'x'),
      { op: 'Relu', inputs: ['features'], outputs: ['seen'] },
      conv('boxes', 'seen'),
      conv('scores', 'seen'),
      { op: 'Reshape', inputs: ['boxes', 'as boxes'], outputs: ['rows'] },
      { op: 'Reshape', inputs: ['scores', 'as scores'], outputs: ['columns'] },
      { op: 'NonMaxSuppression', inputs: ['rows', 'columns', 'most'], outputs: ['y'] },
    ],
    ['y'],
    {
      'features.weight': randoms([8, 3, 1, 1], 1),
      'features.bias': randoms([8], 2),
      'boxes.weight': randoms([4, 8, 1, 1], 3),
      'boxes.bias': randoms([4], 4),
      'scores.weight': randoms([2, 8, 1, 1], 5),
      'scores.bias': randoms([2], 6),
      'as boxes': int64s([-1, 64, 4]),
      'as scores': int64s([-1, 2, 64]),
      most: int64s([5]),
    },
  );
  const { losses, graph } = await followed(teacher, [3, 8, 8], { epochs: 20, learningRate: 0.02 });
  expect(losses.at(-1)).toBeLessThan(losses[0] - 1);
  expect(graph.outputs).toEqual(teacher.outputs);
});

it('relates a difference to how much the teacher varies, and has the gradient of that', async () => {
  const [a, b] = [randoms([2, 3], 1), randoms([2, 3], 2)];
  const builder = new Builder(17);
  const { loss, gradient } = relativeDifference(builder, 'a', 'b');
  const step = builder.build({
    irVersion: 8n,
    opsets: modelOf(['a', []], [], ['a'], {}).model.opsetImport,
    inputs: [declare('a', [2, 3]), declare('b', [2, 3])],
    outputs: [declare(loss, []), declare(gradient, [2, 3])],
  });
  const session = await Session.open(step, { threads: 1 });
  try {
    const at = async (moved: Float32Array) => {
      const found = await session.run({ a: floats([2, 3], moved), b });
      return { value: Number(found[loss].data[0]), gradient: found[gradient].data };
    };
    const mean = b.data.reduce((sum, value) => sum + value, 0) / 6;
    const energy = b.data.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]) ** 2, 0);
    const found = await at(a.data);
    expect(found.value).toBeCloseTo(squares / energy, 5);
    for (let i = 0; i < 6; i++) {
      const [more, less] = [0.01, -0.01].map((by) => a.data.map((value, j) => value + (i === j ? by : 0)));
      const slope = ((await at(more)).value - (await at(less)).value) / 0.02;
      expect(Number(found.gradient[i])).toBeCloseTo(slope, 2);
    }
  } finally {
    await session.close();
  }
});
