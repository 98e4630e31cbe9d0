import { parseModel } from '../../../engine/onnx/model';
import { withOwnConstants } from '../../../engine/training/parameters/parameters';
import { checkSettings } from '../../../engine/training/setting-rules';
import type { TrainingSettings } from '../../../engine/training/settings';
import { measureShapes } from '../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, type StepSettings } from '../../../engine/training/step/step';
import { goldenTensors } from './support';

const settings: TrainingSettings = {
  epochs: 2,
  learningRate: 0.002,
  batch: 16,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: 'one-cycle',
  seed: 3,
};

/** An EngineError of that code and message. */
const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;

describe('checkSettings', () => {
  test('takes what is right', () => {
    const distillation = {
      weight: 0.5,
      logits: 'mse',
      temperature: 2,
      features: ['a'],
      featureWeight: 3,
    } as const;
    expect(() => checkSettings(settings)).not.toThrow();
    expect(() => checkSettings({ ...settings, distillation }, true)).not.toThrow();
    const more = {
      schedule: 'step',
      milestones: [0.3, 0.6],
      gamma: 0.2,
      warmUp: 0.1,
      clip: 1,
      ema: 0.99,
    } as const;
    expect(() => checkSettings({ ...settings, ...more, nesterov: true })).not.toThrow();
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ epochs: 0 }, /epochs is 0; it must be a whole number from 1/],
    [{ batch: undefined }, /batch is missing/],
    [{ learningRate: NaN }, /learningRate/],
    [
      { schedule: 'polynomial' },
      /schedule is "polynomial"; it must be one of one-cycle, constant, step, cosine/,
    ],
    [{ warmUp: 1 }, /warmUp is 1/],
    [{ warmUp: 0.1 }, /warmUp does not apply to schedule one-cycle/],
    [{ milestones: [0.5, 0.5] }, /milestones is \[0.5,0.5\]; it must be ascending shares/],
    [{ milestones: 3 }, /milestones is 3/],
    [{ gamma: 0 }, /gamma/],
    [{ floor: 2 }, /floor/],
    [{ optimizer: 'adam' }, /optimizer is "adam"; it must be one of sgd, adamw/],
    [{ momentum: 1 }, /momentum/],
    [{ nesterov: 'yes' }, /nesterov is "yes"; it must be true or false/],
    [{ nesterov: true, momentum: 0 }, /nesterov needs momentum/],
    [{ nesterov: true, optimizer: 'adamw' }, /nesterov only applies to optimizer sgd/],
    [{ beta2: 1 }, /beta2/],
    [{ epsilon: 0 }, /epsilon/],
    [{ weightDecay: -1 }, /weightDecay/],
    [{ decay: 'biases' }, /decay is "biases"; it must be one of weights, all/],
    [{ clip: 0 }, /clip/],
    [{ ema: 1 }, /ema/],
    [{ stepsPerCall: 0 }, /stepsPerCall is 0; it must be a whole number from 1/],
    [{ precision: 'half' }, /precision is "half"; it must be one of float32, mixed, auto/],
    [{ batchNorm: 'off' }, /batchNorm is "off"; it must be one of train, frozen, restore/],
    [{ loss: 'hinge' }, /loss is "hinge"/],
    [{ labelSmoothing: 1 }, /labelSmoothing/],
    [{ ignoreLabel: 0.5 }, /ignoreLabel/],
    [
      { loss: 'mean-squared-error', labelSmoothing: 0.1 },
      /labelSmoothing only applies to loss cross-entropy/,
    ],
    [{ loss: 'binary-cross-entropy', ignoreLabel: 0 }, /ignoreLabel only applies to loss cross-entropy/],
    [{ distillation: {} }, /distillation needs a teacher/],
  ])('%j is told in a sentence', (changes, message) => {
    expect(() => checkSettings({ ...settings, ...changes })).toThrow(refusal('InvalidSettings', message));
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ weight: 0 }, /distillation\.weight is 0/],
    [{ temperature: 0 }, /distillation\.temperature/],
    [{ logits: 'cosine' }, /distillation\.logits is "cosine"; it must be one of kl, mse, heads, none/],
    [{ features: ['a', 'a'] }, /distillation\.features/],
    [{ featureWeight: -1 }, /distillation\.featureWeight/],
    [{ logits: 'none' }, /has nothing to compare/],
  ])('distillation %j is told in a sentence', (distillation, message) => {
    expect(() => checkSettings({ ...settings, distillation }, true)).toThrow(message);
  });
});

describe('buildTrainingStep refuses', () => {
  const goldens = goldenTensors('settings.safetensors');
  const model = (name: string, part = 'model') =>
    withOwnConstants(parseModel(goldens.get(name)!.get(part)!.data as Uint8Array));
  const plain = 'SGD, weights decay';
  const wrong: [string, string, Partial<StepSettings>, string, RegExp][] = [
    ['labels per pixel', plain, { labelShape: [8, 8] }, 'InvalidData', /\[batch, 8, 8\].*needs \[batch\]/],
    ['labels a class', plain, { labelShape: [4] }, 'InvalidData', /\[batch, 4\]/],
    [
      'labels of other classes',
      plain,
      { loss: 'binary-cross-entropy', labelShape: [3] },
      'InvalidData',
      /needs \[batch\] or \[batch, 4\]/,
    ],
    [
      'one label per sample for pixels',
      'cross-entropy of pixels',
      {},
      'InvalidData',
      /needs \[batch, 8, 8\]/,
    ],
    [
      'a single score',
      'binary cross-entropy of one score',
      {},
      'UnsupportedModel',
      /\[batch, 1\]; cross-entropy needs scores of two or more classes/,
    ],
  ];
  test.each(wrong)('%s', async (_, name, changes, code, message) => {
    const graph = model(name);
    const shapes = await measureShapes(graph, [3, 8, 8]);
    expect(() => buildTrainingStep(graph, shapes, { weightDecay: 0, ...changes })).toThrow(
      refusal(code, message),
    );
  });

  test.each<[string, string, StepSettings['distillation'], RegExp]>([
    [
      'a teacher of other scores',
      'cross-entropy of pixels',
      {},
      /scores has shape \[batch, 4\], the teacher's c2/,
    ],
    ['a feature of neither', plain, { features: ['nowhere'] }, /student's nowhere does not exist/],
  ])('%s', async (_, name, distillation, message) => {
    const [graph, teacher] = [model(plain), model(name)];
    const [shapes, taught] = [await measureShapes(graph, [3, 8, 8]), await measureShapes(teacher, [3, 8, 8])];
    expect(() =>
      buildTrainingStep(graph, shapes, {
        weightDecay: 0,
        distillation,
        teacher: { graph: teacher, shapes: taught },
      }),
    ).toThrow(refusal('InvalidSettings', message));
  });

  test('a teacher of another operator set', async () => {
    const [graph, teacher] = [model(plain), model(plain)];
    teacher.model.opsetImport[0].version = 17n;
    const shapes = await measureShapes(graph, [3, 8, 8]);
    expect(() =>
      buildTrainingStep(graph, shapes, { weightDecay: 0, teacher: { graph: teacher, shapes } }),
    ).toThrow(/opset 17, the student 18/);
  });
});
