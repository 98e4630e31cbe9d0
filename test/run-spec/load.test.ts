import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { loadData, loadSpec, loadTraining, parseSpec } from '../../run-spec/load';
import { SpecError } from '../../run-spec/spec-error';
import { inFolder } from '../support/folder';
import { oddFiles } from '../support/odd-files';

const split = { images: 'x.npy', labels: 'y.npy' };
const minimal = {
  model: 'm.onnx',
  data: { train: split, evaluate: split, test: split },
  target: 0.5,
  tolerance: 1,
};
const errorOf = (change: object) => {
  try {
    parseSpec(JSON.stringify({ ...minimal, ...change }), 'job.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

it.each<[string, string, RegExp]>([
  [
    'aliases that multiply',
    ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefghijk'].reduce(
      (text, name, at) =>
        `${text}\n${name}: &${name} [${Array(9)
          .fill(`*${'abcdefghijk'[at - 1]}`)
          .join(', ')}]`,
    ),
    /is not valid YAML or JSON: its aliases multiply to more than is read/,
  ],
  ['an alias of nothing', 'ignore: *nope', /is not valid YAML or JSON: .*nope/],
  ['brackets without end', '['.repeat(20_000), /is not valid YAML or JSON: /],
])('a spec with %s is refused with its name', (_, text, message) =>
  inFolder((folder) => {
    const file = join(folder, 'job.yaml');
    writeFileSync(file, text);
    for (const load of [loadSpec, loadData, loadTraining]) {
      expect(() => load(file)).toThrow(SpecError);
      expect(() => load(file)).toThrow(message);
      expect(() => load(file)).toThrow(`spec ${file}`);
    }
  }),
);

it('a spec that is not a file is refused', () =>
  inFolder((folder) => {
    for (const [what, path] of oddFiles(folder))
      expect(() => loadSpec(path)).toThrow(`cannot read spec ${path}: it is not a file, but ${what}`);
  }));

describe('reading a spec', () => {
  it.each([
    [{ target: 0 }, 'spec job.yaml: target must be above 0'],
    [{ target: 1.5 }, 'spec job.yaml: target must be below 1'],
    [{ target: 'half' }, 'spec job.yaml: target must be a number'],
    [{ target: undefined }, 'spec job.yaml: target is missing'],
    [{ tolerance: -1 }, 'spec job.yaml: tolerance must be at least 0'],
    [{ tolerence: 1 }, 'spec job.yaml: unknown key tolerence: did you mean tolerance?'],
    [{ fineTune: { epoch: 1 } }, 'spec job.yaml: unknown key fineTune.epoch: did you mean fineTune.epochs?'],
    [{ fineTune: { epochs: 1.5 } }, 'spec job.yaml: fineTune.epochs must be an integer'],
    [
      { fineTune: { perLayer: { epochs: -1 } } },
      'spec job.yaml: fineTune.perLayer.epochs must be at least 0',
    ],
    [{ fineTune: { floor: 2 } }, 'spec job.yaml: fineTune.floor must be from 0 to 1'],
    [{ fineTune: { decay: 'biases' } }, 'spec job.yaml: fineTune.decay must be one of weights, all'],
    [
      { fineTune: { warmUp: 0.1 } },
      'spec job.yaml: fineTune.warmUp does not apply to schedule one-cycle, which warms up by itself: leave it out, or choose cosine',
    ],
    [
      { fineTune: { optimizer: 'adamw', nesterov: true } },
      'spec job.yaml: fineTune.nesterov only applies to optimizer sgd: leave it out, or choose sgd',
    ],
    [
      { fineTune: { distillation: { weight: 0 } } },
      'spec job.yaml: fineTune.distillation.weight must be above 0 and at most 1',
    ],
    [
      { fineTune: { distillation: { logits: 'none' } } },
      'spec job.yaml: fineTune.distillation has nothing to compare: name features, or set logits to kl, mse or heads',
    ],
    [
      { metric: { name: 'coco-map', decoder: 'yolov8' }, fineTune: { distillation: { weight: 0.5 } } },
      "spec job.yaml: fineTune.loss can't learn from boxes, which are the labels of metric coco-map: leave distillation.weight out, so that the original teaches alone",
    ],
    [
      { metric: { name: 'coco-map', decoder: 'yolov8', anchors: [] } },
      'spec job.yaml: unknown key metric.anchors',
    ],
    [{ metric: { name: 'coco-map', decoder: 'anchors' } }, 'spec job.yaml: metric.levels is missing'],
    [
      { metric: { name: 'coco-map', decoder: 'yolo' } },
      'spec job.yaml: metric.decoder must be one of yolov8, yolov5, yolox, anchors, detr, boxes',
    ],
    [
      { metric: { name: 'coco-map', decoder: 'yolov8' }, pruning: { importance: 'taylor' } },
      'spec job.yaml: pruning.importance must not be taylor with metric coco-map: it takes a loss by labels, and boxes have none here; l2 and reconstruction need no labels',
    ],
    [{ fineTune: { distillation: { heat: 4 } } }, 'spec job.yaml: unknown key fineTune.distillation.heat'],
    [{ techniques: [] }, 'spec job.yaml: techniques must have at least 1 entries'],
    [
      { techniques: ['pruning'] },
      'spec job.yaml: techniques[0] must be one of spatial-svd, weight-svd, channel-pruning',
    ],
    [{ candidates: [0.5, 0.4] }, 'spec job.yaml: candidates must be ascending'],
    [
      { data: { ...minimal.data, test: { ...split, range: [5, 5] } } },
      'spec job.yaml: data.test.range must be [first row, row after the last]',
    ],
  ])('says what is wrong with %j', (change, message) => {
    expect(errorOf(change)).toBe(message);
  });

  it('says that a text is no YAML', () => {
    expect(() => parseSpec('a: [1', 'job.yaml')).toThrow(/^spec job.yaml is not valid YAML or JSON: /);
  });

  it('says that a file is missing', () => {
    expect(() => loadSpec('/nowhere/job.yaml')).toThrow(/^cannot read spec \/nowhere\/job.yaml: ENOENT/);
  });

  it('reads the parts that training uses: settings as written, without defaults, whatever else there is', () =>
    inFolder((folder) => {
      const file = join(folder, 'job.json');
      const load = (spec: object) => {
        writeFileSync(file, JSON.stringify(spec));
        return loadTraining(file);
      };
      const train = { images: join(folder, 'x.npy'), labels: join(folder, 'y.npy') };
      // Beside an option --schedule, warmUp may have its place.
      const fineTune = { warmUp: 0.1, epochs: 3, augment: { flip: true } };
      const perLayer = { epochs: 1 };
      expect(load({ data: { train: split }, fineTune: { ...fineTune, perLayer }, model: 7 })).toEqual({
        data: { train },
        metric: 'top1',
        fineTune,
      });
      expect(load(minimal)).toEqual({
        data: { train, evaluate: train, test: train },
        metric: 'top1',
        fineTune: {},
      });
      expect(() => load({ data: {} })).toThrow(/: data\.train is missing$/);
      expect(() => load({ data: { train: split }, fineTune: { ema: 1 } })).toThrow(/fineTune\.ema must be/);
    }));

  it('resolves paths against the folder of the spec', () =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'job.json'), JSON.stringify(minimal));
      const spec = loadSpec(join(folder, 'job.json'));
      expect([spec.model, spec.data.test.images, spec.outDir]).toEqual(
        ['m.onnx', 'x.npy', 'out'].map((name) => join(folder, name)),
      );
    }));
});

describe('the metric of a spec', () => {
  const written = (metric: unknown, at = 'job.json') =>
    inFolder((folder) => {
      mkdirSync(join(folder, 'specs'));
      writeFileSync(join(folder, 'above.mjs'), '');
      writeFileSync(join(folder, 'specs', 'own.mjs'), '');
      symlinkSync(join(folder, 'above.mjs'), join(folder, 'specs', 'link.mjs'));
      const split = { images: 'x.npy', labels: 'y.npy' };
      const data = { train: split, evaluate: split, test: split };
      const file = join(folder, 'specs', at);
      writeFileSync(file, JSON.stringify({ model: 'm.onnx', data, target: 0.5, tolerance: 1, metric }));
      const { metric: found } = loadSpec(file);
      return typeof found === 'object' && 'module' in found
        ? { ...found, module: relative(folder, found.module) }
        : found;
    });

  it('may be a module beside the spec, an activity, or fidelity', async () => {
    expect(await written({ module: './own.mjs', export: 'hits' })).toEqual({
      module: join('specs', 'own.mjs'),
      export: 'hits',
    });
    const activity = { activity: 'judge', taskQueue: 'theirs', version: 1, timeout: '2h' };
    expect(await written(activity)).toEqual(activity);
    expect(await written('fidelity')).toBe('fidelity');
  });

  it.each([
    [{ module: '../above.mjs' }, /is not in the folder of the spec/],
    [{ module: 'link.mjs' }, /is not in the folder of the spec/],
    [{ module: 'none.mjs' }, /metric\.module none\.mjs can't be read: ENOENT/],
    [{ module: 'own.mjs', exports: 'hits' }, /unknown key metric\.exports/],
    ['accuracy', /metric must be one of top1, .*, fidelity$/],
    [{ activity: 'judge', version: 1 }, /metric\.taskQueue is missing/],
    [
      { activity: 'judge', taskQueue: 'theirs', version: 1, timeout: 5 },
      /metric\.timeout must be a whole number with a unit/,
    ],
    [7, /metric must be one of top1/],
  ])('is refused as %j, naming the field', async (metric, message) => {
    await expect(written(metric)).rejects.toThrow(message);
  });
});

it.each([
  [{ tolerence: 1 }, /unknown key tolerence: did you mean tolerance\?$/],
  [
    { fineTune: { learningrate: 1 } },
    /unknown key fineTune\.learningrate: did you mean fineTune\.learningRate\?$/,
  ],
  [
    { fineTune: { activty: 'train', taskQueue: 'theirs', version: 1 } },
    /did you mean fineTune\.\w+\?|fineTune/,
  ],
  [
    { data: { ...minimal.data, evaluate: { ...split, lables: 'y.npy' } } },
    /data\.evaluate\.lables: did you mean data\.evaluate\.labels\?$/,
  ],
  [{ flavour: 'plain' }, /unknown key flavour$/],
  [{ ['x'.repeat(5000)]: 1 }, /unknown key x+…$/],
])('a misspelt key is met with the one that was meant: %#', (change, message) => {
  expect(() => parseSpec(JSON.stringify({ ...minimal, ...change }))).toThrow(message);
});

describe('a loss of one’s own', () => {
  const read = (loss: unknown) =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'loss.onnx'), 'graph');
      writeFileSync(join(folder, 'large.onnx'), Buffer.alloc(30_000));
      const file = join(folder, 'job.json');
      writeFileSync(file, JSON.stringify({ ...minimal, fineTune: { epochs: 1, loss } }));
      return loadSpec(file).fineTune.lossGraph;
    });

  it('is read with the spec, since it goes with the settings', async () => {
    expect(await read({ graph: './loss.onnx' })).toBe(Buffer.from('graph').toString('base64'));
  });

  it.each([
    [{ graph: 'none.onnx' }, /fineTune\.loss can't be read: none\.onnx: ENOENT/],
    [{ graph: 'large.onnx' }, /fineTune\.loss can't be read: large\.onnx: .*24576/],
    [{ graph: 5 }, /fineTune\.loss must be the name of a loss, or \{ graph: FILE \}/],
    [{ graph: 'loss.onnx', weight: 2 }, /fineTune\.loss must be the name of a loss/],
    ['hinge', /fineTune\.loss must be one of cross-entropy/],
  ])('is refused as %j', async (loss, message) => {
    await expect(read(loss)).rejects.toThrow(message);
  });
});
