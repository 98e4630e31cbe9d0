import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { compressModel, type CompressReport } from '../../engine/jobs/compress-model';
import { type Graph, makeNode } from '../../engine/onnx/graph';
import { writeNpy } from '../../engine/data/npy';
import { macsOf } from '../../engine/onnx/layers';
import { loadModel, saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/prepare';
import { floats, type FloatTensor } from '../../engine/tensor/tensor';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { tinyJob, tinyNetwork } from '../support/tiny';

const few = ['--candidates', '4', '--samples', '4'];
const args = (technique: string, target: number, ...more: string[]) => [
  ...['compress', 'model.onnx', '--technique', technique, '--target', `${target}`, '--out', 'small.onnx'],
  ...few,
  ...more,
];

/** Runs it with --json in a folder with the tiny network. */
async function compressed(folder: string, command: string[]): Promise<CompressReport> {
  const { out, err, status } = await slimflow(folder, [...command, '--json']);
  const report = JSON.parse(out) as CompressReport;
  expect([err, status]).toEqual(['', report.shortfall === null ? 0 : 3]);
  return report;
}

describe('slimflow compress', () => {
  it.each(['spatial-svd', 'weight-svd', 'channel-pruning'])(
    'does %s without data, and reports',
    (technique) =>
      inFolder(async (folder) => {
        tinyJob(folder);
        const report = await compressed(folder, args(technique, 0.6));
        const [before, after] = ['model.onnx', 'small.onnx'].map((file) =>
          macsOf(openModel(join(folder, file))),
        );
        expect([report.macsOriginal, report.macs, report.target]).toEqual([before, after, 0.6]);
        expect(report.achieved).toBe(after / before);
        if (report.shortfall === null) expect(Math.abs(report.achieved - 0.6)).toBeLessThan(0.011);
        else expect(report.shortfall).toMatch(/units are coarse/); // of so small a network they may be
        expect(report.warnings[0]).toMatch(/^no data was given/);
        const [layer] = report.layers;
        expect(layer.kind).toBe('Conv');
        expect(technique === 'channel-pruning' ? layer.channels : layer.rank).toBeGreaterThan(0);
        expect(readdirSync(folder).sort()).toEqual([
          'images.npy',
          'job.json',
          'labels.npy',
          'model.onnx',
          'small.onnx',
        ]);
      }),
  );

  it('scores by the data of a spec, and keeps the scores for another target', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const first = await compressed(
        folder,
        args('spatial-svd', 0.7, '--data', 'job.json', '--scores', 'scores.json', '--select', 'greedy'),
      );
      expect(first.warnings).toEqual([]);
      const scores = readFileSync(join(folder, 'scores.json'), 'utf8');
      expect(scores).toContain('"score":');
      const second = await compressed(
        folder,
        args('spatial-svd', 0.4, '--data', 'job.json', '--scores', 'scores.json'),
      );
      expect(second.achieved).toBeLessThan(first.achieved);
      expect(readFileSync(join(folder, 'scores.json'), 'utf8')).toBe(scores);
      const other = await slimflow(
        folder,
        args('weight-svd', 0.4, '--data', 'job.json', '--scores', 'scores.json'),
      );
      expect(other.err).toMatch(
        /--scores scores.json was computed for another model, technique or other options/,
      );
      expect(other.status).toBe(2);
    }));

  it('does not take the scores of other weights, though they lie beside the model', () =>
    inFolder(async (folder) => {
      const graph = tinyNetwork();
      const path = join(folder, 'model.onnx');
      saveModel(graph, path, { externalData: true });
      const before = readFileSync(path);
      const command = args('spatial-svd', 0.7, '--scores', 'scores.json');
      await compressed(folder, command);
      expect(readdirSync(folder)).toContain('small.onnx.data');
      graph.setConstant('c3.weight', floats([12, 12, 3, 3]));
      saveModel(graph, path, { externalData: true });
      expect(readFileSync(path)).toEqual(before);
      const { err, status } = await slimflow(folder, command);
      expect(err).toMatch(/--scores scores.json was computed for another model/);
      expect(status).toBe(2);
    }));

  it('counts parameters where they are the cost, and leaves no layer below the minimum', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const pruned = await compressed(
        folder,
        args('channel-pruning', 0.6, '--cost', 'params', '--minimum', '6'),
      );
      expect(pruned.params / pruned.paramsOriginal).toBe(pruned.achieved);
      expect(pruned.layers.every(({ channels }) => channels! >= 6)).toBe(true);
    }));

  it('ranks channels by Taylor importance, for a latency too', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const taylor = args('channel-pruning', 0.8, '--importance', 'taylor', '--data', 'job.json');
      expect((await compressed(folder, taylor)).layers.length).toBeGreaterThan(0);
      const { status } = await slimflow(folder, [...taylor, '--cost', 'latency', '--json']);
      expect([0, 3]).toContain(status);
    }));

  it('takes ratios and channels by hand', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const command = ['compress', 'model.onnx', '--select', 'manual', '--out', 'small.onnx'];
      const svd = await compressed(folder, [...command, '--technique', 'weight-svd', '--layer', 'c3=0.5']);
      expect([svd.target, svd.layers.map(({ name }) => name)]).toEqual([null, ['c3']]);
      const channels = ['--technique', 'channel-pruning', '--channels', 'c2=0,5,7'];
      const pruned = await compressed(folder, [...command, ...channels]);
      expect(pruned.layers).toEqual([{ name: 'c2', kind: 'Conv', ratio: 5 / 8, channels: 5 }]);
      const [own, small] = ['model.onnx', 'small.onnx'].map((file) => loadModel(join(folder, file)));
      const filters = (graph: Graph) => graph.constant('c1.weight') as FloatTensor;
      expect(filters(small).dims).toEqual([5, 1, 3, 3]);
      expect(filters(small).data.slice(0, 27)).toEqual(filters(own).data.slice(9, 36)); // filters 1 to 3
    }));

  it('fine-tunes behind each layer, with the fine-tuning of the spec', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const command = ['compress', 'model.onnx', '--select', 'manual', '--technique', 'spatial-svd'];
      const layers = ['--layer', 'c2=0.4', 'c3=0.5', '--data', 'job.json', '--out', 'small.onnx'];
      const tuned = await compressed(folder, [...command, ...layers, '--fine-tune-each', '0.5']);
      // 100 of 200 samples, in the spec's batches of 20.
      expect(tuned.warnings.at(-1)).toMatch(/^2 layers .* 0\.5 epochs behind it: 10 steps/);
      const plain = await compressed(folder, [...command, ...layers]);
      const { warnings: _, ...figures } = tuned;
      expect(figures).toEqual({ ...plain, warnings: undefined });
    }));

  it('rounds ranks to a multiple, and leaves ignored layers', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const { layers, frozen } = await compressed(
        folder,
        args('spatial-svd', 0.7, '--multiplicity', '4', '--ignore', 'c2'),
      );
      expect(layers.map(({ name }) => name)).not.toContain('c2');
      expect(layers.every(({ rank }) => rank! % 4 === 0)).toBe(true);
      expect(frozen).toContainEqual({ name: 'c2', why: 'it is ignored' });
    }));

  it('lands on a measured latency, or says by how much it missed it', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const { out, status } = await slimflow(folder, args('weight-svd', 0.9, '--cost', 'latency', '--json'));
      const { achieved, shortfall, cost } = JSON.parse(out) as CompressReport;
      expect(cost).toBe('latency');
      expect(achieved).toBeGreaterThan(0);
      // What is measured of so small a network is noise: either it is near, or the report says that it is not.
      if (Math.abs(achieved - 0.9) > 0.01) expect(shortfall).toMatch(/latency/);
      expect(status).toBe(shortfall ? 3 : 0);
    }));

  it('stops while it scores when it is asked to, and leaves nothing', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const before = readdirSync(folder);
      const stop = new AbortController();
      const [model, out] = ['model.onnx', 'small.onnx'].map((name) => join(folder, name));
      const compressing = compressModel(
        { model, out, technique: 'spatial-svd', target: 0.5 },
        { signal: stop.signal, onProgress: () => stop.abort() },
      );
      await expect(compressing).rejects.toMatchObject({ code: 'Cancelled' });
      expect(readdirSync(folder)).toEqual(before);
    }));

  it('writes the nearest model and ends with status 3 where a target is out of reach', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const { out, status } = await slimflow(folder, args('spatial-svd', 0.01));
      expect(status).toBe(3);
      expect(out).toMatch(/target not reached: every layer is at its floor: 0\.\d+ of the MACs is the least/);
      expect(existsSync(join(folder, 'small.onnx'))).toBe(true);
    }));
});

const spoil = (change: (graph: Graph) => void) => (folder: string) => {
  const graph = tinyNetwork();
  change(graph);
  saveModel(graph, join(folder, 'model.onnx'));
};
const filled = (value: number) => floats([12, 8, 3, 3], new Float32Array(864).fill(value));
const nothing = () => undefined;

/** [what, flags beside technique and out, what is done to the model, the message] */
const refused: [string, string[], (folder: string) => void, RegExp][] = [
  ['a NaN weight', [], spoil((graph) => graph.setConstant('c2.weight', filled(NaN))), /c2.*NaN/],
  [
    'an infinite weight',
    [],
    spoil((graph) => graph.setConstant('c2.weight', filled(Infinity))),
    /c2.*(NaN|Inf)/,
  ],
  [
    'a cycle',
    [],
    spoil((graph) => graph.setInput(graph.producer('c1')!, 0, 'c3.relu')),
    /model .*model\.onnx.*(cycle|nothing before it)/,
  ],
  [
    'a quantized model',
    [],
    spoil((graph) =>
      graph.replace(graph.producer('c1.relu')!, [
        makeNode({ op: 'QuantizeLinear', inputs: ['c1', 'c3.bias'], outputs: ['q'] }),
        makeNode({ op: 'DequantizeLinear', inputs: ['q', 'c3.bias'], outputs: ['c1.relu'] }),
      ]),
    ),
    /quantiz/i,
  ],
  ['a file that is no model', [], (folder) => writeFileSync(join(folder, 'model.onnx'), 'x'), /is no ONNX/],
  ['a target of 0', ['--target', '0'], nothing, /number above 0/],
  ['a target above 1', ['--target', '1.5'], nothing, /target must be above 0 and at most 1/],
  ['no target', [], nothing, /target is missing/],
  [
    'a layer that is none',
    ['--target', '0.5', '--layer', 'c9=0.5'],
    nothing,
    /c9 is nothing that .* can compress; it can: c1, c2/,
  ],
  [
    'a layer with a ratio above 1',
    ['--target', '0.5', '--layer', 'c2=2'],
    nothing,
    /ratio of c2 must be above 0 and at most 1/,
  ],
  [
    'one candidate',
    ['--target', '0.5', '--candidates', '1'],
    nothing,
    /1 candidate ratios: an integer of at least 2/,
  ],
  [
    'scores in a folder that cannot be made',
    ['--target', '0.5', '--scores', '/proc/slimflow/scores.json'],
    nothing,
    /--scores \/proc\/slimflow\/scores\.json can't be written to: ENOENT/,
  ],
  [
    'an --out that weights of the model lie beside',
    [],
    (folder) => {
      saveModel(tinyNetwork(), join(folder, 'small.onnx'), { externalData: true });
      renameSync(join(folder, 'small.onnx'), join(folder, 'model.onnx'));
    },
    /--out .*small\.onnx would replace .*small\.onnx\.data, where weights of model\.onnx lie/,
  ],
  ['nothing by hand in mode manual', ['--select', 'manual'], nothing, /give a ratio or channels/],
  ['fine-tuning behind layers without data', ['--fine-tune-each', '1'], nothing, /give --data, a spec with/],
  [
    'fine-tuning behind layers without labels',
    ['--fine-tune-each', '1', '--data', 'bare.json', '--score', 'fidelity'],
    (folder) => {
      const split = { images: 'images.npy' };
      const bare = { data: { train: split, evaluate: split } };
      writeFileSync(join(folder, 'bare.json'), JSON.stringify(bare));
    },
    /learns from the labels of training data.*data\.train\.labels/,
  ],
  [
    'a score by metric without labels',
    ['--target', '0.5', '--data', 'bare.json'],
    (folder) => {
      const split = { images: 'images.npy' };
      writeFileSync(join(folder, 'bare.json'), JSON.stringify({ data: { train: split, evaluate: split } }));
    },
    /score metric needs labels.*data\.evaluate\.labels/,
  ],
  [
    'outputs that are NaN',
    ['--target', '0.5', '--data', 'job.json'],
    (folder) =>
      writeNpy(join(folder, 'images.npy'), floats([300, 1, 8, 8], new Float32Array(19200).fill(NaN))),
    /computes NaN/,
  ],
  ['a score without data', ['--target', '0.5', '--score', 'metric'], nothing, /score metric needs data/],
  [
    'an input size that does not fit',
    ['--target', '0.5', '--input-size', '1x3x9x9'],
    nothing,
    /1, 3, 9, 9|takes/,
  ],
];

describe('slimflow compress, of what can not be', () => {
  it.each(refused)('%s: status 2, a sentence, nothing left', (what, flags, prepare, message) =>
    inFolder(async (folder) => {
      tinyJob(folder);
      prepare(folder);
      const before = readdirSync(folder);
      const target =
        flags.includes('--target') || what === 'no target' || what.startsWith('nothing by hand')
          ? []
          : ['--target', '0.5'];
      const command = ['compress', 'model.onnx', '--technique', 'spatial-svd', '--out', 'small.onnx', ...few];
      const { err, status } = await slimflow(folder, [...command, ...target, ...flags, '--json']);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at /);
      expect(status).toBe(2);
      expect(readdirSync(folder)).toEqual(before);
    }),
  );

  it('channels that are not there, or all of them', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const command = ['compress', 'model.onnx', '--technique', 'channel-pruning', '--select', 'manual'];
      for (const [channels, message] of [
        ['c2=8', /c2 has no channel 8/],
        ['c2=0,1,2,3,4,5,6,7', /keep at least one/],
      ] as const) {
        const { err, status } = await slimflow(folder, [
          ...command,
          '--channels',
          channels,
          '--out',
          'o.onnx',
        ]);
        expect(err).toMatch(message);
        expect(status).toBe(2);
      }
    }));

  it('weights that are all zero are compressed like others', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      spoil((graph) => graph.setConstant('c2.weight', filled(0)))(folder);
      for (const technique of ['spatial-svd', 'channel-pruning'])
        expect((await compressed(folder, args(technique, 0.6))).achieved).toBeLessThan(0.61);
    }));
});
