import { trainingRules } from '../../engine/training/setting-rules';
import { FineTuneFields } from '../../run-spec/fine-tune-schema';
import { CompressionSettings, CompressionSpec } from '../../run-spec/spec';
import { parseSpec } from '../../run-spec/load';
import { specTemplate } from '../../run-spec/template';

const split = { images: 'x.npy', labels: 'y.npy' };
const minimal = {
  model: 'm.onnx',
  data: { train: split, evaluate: split, test: split },
  target: 0.5,
  tolerance: 1,
};

describe('the spec', () => {
  it('fills in every default', () => {
    expect(CompressionSpec.parse(minimal)).toEqual({
      ...minimal,
      metric: 'top1',
      techniques: ['spatial-svd', 'channel-pruning'],
      candidates: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
      scoring: { samples: 500, score: 'metric' },
      selection: { mode: 'optimal', monotonic: false, ratios: {}, channels: {} },
      cost: 'macs',
      multiplicity: 'auto',
      minimum: 1,
      pruning: { coupled: true, importance: 'l2' },
      compute: { provider: 'auto', linearAlgebra: 'auto', queues: 'shared' },
      pick: { maxPicks: 2 },
      revisit: { maxRevisits: 2 },
      ccpFactors: [0.95, 1, 1.05],
      select: { closeness: 0.02 },
      review: { afterPick: false, afterSelect: false, onTimeout: 'continue' },
      fineTune: {
        perLayer: { epochs: 0 },
        epochs: 2,
        learningRate: 0.002,
        batch: 64,
        optimizer: 'sgd',
        momentum: 0.9,
        weightDecay: 5e-4,
        schedule: 'one-cycle',
        seed: 0,
      },
      reconstruction: { samples: 500, patches: 10, seed: 0, svd: true },
      latency: { runs: 50 },
      ignore: [],
      outDir: 'out',
    });
  });

  it('is shown whole, with its defaults, by the template', () => {
    const shown = parseSpec(specTemplate);
    const { model, data, target, tolerance } = shown;
    expect(shown).toEqual(CompressionSpec.parse({ model, data, target, tolerance }));
    for (const field of Object.keys(CompressionSettings.shape)) expect(specTemplate).toContain(`${field}:`);
    for (const nested of [
      'scoring',
      'selection',
      'pruning',
      'compute',
      'pick',
      'revisit',
      'select',
      'review',
      'fineTune',
      'reconstruction',
      'latency',
    ] as const)
      for (const field of Object.keys(shown[nested]))
        expect(specTemplate).toMatch(new RegExp(`^  ${field}:`, 'm'));
  });

  it('has every setting of training, and shows each in the template', () => {
    const fields = Object.keys(FineTuneFields.shape);
    expect(fields).toEqual(expect.arrayContaining(Object.keys(trainingRules)));
    expect(specTemplate).toMatch(/{ graph: FILE }/);
    fields.splice(fields.indexOf('lossGraph'), 1);
    for (const field of fields) expect(specTemplate).toMatch(new RegExp(`^  (# )?${field}:`, 'm'));
  });

  it('takes what the template has behind a number sign', () => {
    const [, fineTune] = /^fineTune:.*\n((?: {2}.*\n)+)/m.exec(specTemplate)!;
    const written = fineTune.replace(/^ {2}# /gm, '  ').replace(/^ {2}schedule:.*/m, '  schedule: cosine');
    const ours = parseSpec(specTemplate.replace(fineTune, written)).fineTune;
    // A loss of one's own is written as a file.
    const fields = Object.keys(FineTuneFields.shape).filter((name) => name !== 'lossGraph');
    expect(Object.keys(ours).sort()).toEqual(fields.sort());
  });

  it('takes a learning rate that suits the normalization if none is given', () => {
    const rate = (fineTune: object) => CompressionSpec.parse({ ...minimal, fineTune }).fineTune.learningRate;
    expect(rate({ batchNorm: 'restore' })).toBe(0.02);
    expect(rate({ batchNorm: 'restore', learningRate: 0.01 })).toBe(0.01);
    expect(rate({ batchNorm: 'frozen' })).toBe(0.002);
  });

  it.each(['30', '3 days', '1.5h', '0h', '12345d', '-3d', 'd'])(
    'takes no review timeout of %j, and says how one is written',
    (timeout) => {
      const text = JSON.stringify({ ...minimal, review: { timeout } });
      expect(() => parseSpec(text, 's')).toThrow(
        'spec s: review.timeout must be a whole number with a unit (s, m, h, d or w), such as 30m, 12h or 3d',
      );
    },
  );

  it.each(['45s', '30m', '12h', '3d', '2w'] as const)('takes a review timeout of %s', (timeout) => {
    expect(CompressionSpec.parse({ ...minimal, review: { timeout } }).review).toMatchObject({ timeout });
  });

  it('keeps spatial-SVD targets at C or above where channel pruning follows', () => {
    const ask = (techniques: string[]) =>
      CompressionSpec.safeParse({ ...minimal, techniques, ssvdTargets: [0.4] }).success;
    expect(ask(['spatial-svd', 'channel-pruning'])).toBe(false);
    expect(ask(['spatial-svd'])).toBe(true);
  });

  it.each([
    ['top1', {}, {}],
    ['r2', {}, { loss: 'mean-squared-error' }],
    ['mae-score', { loss: 'binary-cross-entropy' }, { loss: 'binary-cross-entropy' }],
    ['f1-micro', {}, { loss: 'binary-cross-entropy' }],
    [
      'f1-micro',
      { distillation: { weight: 0.5 } },
      { loss: 'binary-cross-entropy', distillation: { weight: 0.5, logits: 'mse' } },
    ],
    [
      'rmse-score',
      { loss: 'mean-squared-error', distillation: { logits: 'none', features: ['a'] } },
      { loss: 'mean-squared-error', distillation: { logits: 'none', features: ['a'] } },
    ],
  ])('metric %s with fine-tuning %j is learnt by what suits it', (metric, fineTune, expected) => {
    const { loss, distillation } = CompressionSpec.parse({ ...minimal, metric, fineTune }).fineTune;
    expect({ ...(loss && { loss }), ...(distillation && { distillation }) }).toEqual(expected);
  });

  it('takes a number or nan for what is not known', () => {
    const ask = (unknown: unknown) => {
      const train = { ...split, unknown };
      return CompressionSpec.safeParse({ ...minimal, metric: 'r2', data: { ...minimal.data, train } });
    };
    expect([ask(0), ask('nan')].map(({ success }) => success)).toEqual([true, true]);
    expect(ask('none').error!.issues).toMatchObject([{ message: 'must be a number or nan' }]);
  });

  it('refuses a loss that reads labels otherwise than the metric, unless none are read', () => {
    const ask = (fineTune: object) => CompressionSpec.safeParse({ ...minimal, metric: 'r2', fineTune });
    expect(ask({ loss: 'cross-entropy' }).error!.issues).toMatchObject([
      {
        path: ['fineTune', 'loss'],
        message: expect.stringMatching(/metric r2 needs one label per score/) as string,
      },
    ]);
    expect(ask({ loss: 'cross-entropy', distillation: {} }).success).toBe(true);
  });

  it('asks for labels to train on where layers, or the whole, are fine-tuned', () => {
    const { train, ...others } = minimal.data;
    const ask = (fineTune: object) =>
      CompressionSpec.safeParse({
        ...minimal,
        data: { ...others, train: { images: train.images } },
        fineTune,
      }).success;
    expect(ask({ epochs: 0 })).toBe(true);
    expect(ask({ epochs: 0, perLayer: { epochs: 0.25 } })).toBe(false);
    expect(ask({ epochs: 1 })).toBe(false);
    expect(ask({ epochs: 1, distillation: { weight: 0.5 } })).toBe(false);
    expect(ask({ epochs: 1, distillation: {}, perLayer: { epochs: 1 } })).toBe(true);
  });
});
