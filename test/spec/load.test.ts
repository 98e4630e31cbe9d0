import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadSpec, loadTraining, parseSpec } from '../../spec/load';
import { inFolder } from '../support/folder';

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

describe('reading a spec', () => {
  it.each([
    [{ target: 0 }, 'spec job.yaml: target must be above 0'],
    [{ target: 1.5 }, 'spec job.yaml: target must be below 1'],
    [{ target: 'half' }, 'spec job.yaml: target must be a number'],
    [{ target: undefined }, 'spec job.yaml: target is missing'],
    [{ tolerance: -1 }, 'spec job.yaml: tolerance must be at least 0'],
    [{ tolerence: 1 }, 'spec job.yaml: unknown key tolerence'],
    [{ fineTune: { epoch: 1 } }, 'spec job.yaml: unknown key fineTune.epoch'],
    [{ fineTune: { epochs: 1.5 } }, 'spec job.yaml: fineTune.epochs must be an integer'],
    [
      { fineTune: { perLayer: { epochs: -1 } } },
      'spec job.yaml: fineTune.perLayer.epochs must be at least 0',
    ],
    [{ techniques: [] }, 'spec job.yaml: techniques must have 1 entries or more'],
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
    expect(() => parseSpec('a: [1', 'job.yaml')).toThrow(/^spec job.yaml is no YAML or JSON: /);
  });

  it('says that a file is missing', () => {
    expect(() => loadSpec('/nowhere/job.yaml')).toThrow(/^spec \/nowhere\/job.yaml cannot be read: ENOENT/);
  });

  it('reads what is written of fine-tuning alone, as training goes', () =>
    inFolder((folder) => {
      const file = join(folder, 'job.json');
      const fineTune = { epochs: 3, perLayer: { epochs: 1 } };
      writeFileSync(file, JSON.stringify({ data: minimal.data, fineTune }));
      expect(loadTraining(file).fineTune).toEqual({ epochs: 3 });
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
