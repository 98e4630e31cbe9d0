import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Graph, makeNode } from '../../engine/onnx/graph';
import { writeNpy } from '../../engine/data/npy';
import { saveModel } from '../../engine/onnx/model';
import { floats } from '../../engine/tensor/tensor';
import { slimflow } from '../support/cli';
import { args, compressed, few } from '../support/compress-command';
import { inFolder } from '../support/folder';
import { tinyJob, tinyNetwork } from '../support/tiny';

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
  [
    'a file that is no model',
    [],
    (folder) => writeFileSync(join(folder, 'model.onnx'), 'x'),
    /is not an ONNX/,
  ],
  ['a target of 0', ['--target', '0'], nothing, /number above 0/],
  ['a target above 1', ['--target', '1.5'], nothing, /target must be above 0 and at most 1/],
  ['no target', [], nothing, /target is missing/],
  [
    'a layer that is none',
    ['--target', '0.5', '--layer', 'c9=0.5'],
    nothing,
    /can't compress c9; it can compress: c1, c2/,
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
    /the number of candidate ratios must be an integer of at least 2, not 1/,
  ],
  [
    'scores in a folder that cannot be made',
    ['--target', '0.5', '--scores', '/proc/slimflow/scores.json'],
    nothing,
    /--scores \/proc\/slimflow\/scores\.json is not writable: ENOENT/,
  ],
  [
    'an --out next to weights of the model',
    [],
    (folder) => {
      saveModel(tinyNetwork(), join(folder, 'small.onnx'), { externalData: true });
      renameSync(join(folder, 'small.onnx'), join(folder, 'model.onnx'));
    },
    /--out .*small\.onnx would replace .*small\.onnx\.data, which has weights of model\.onnx/,
  ],
  ['nothing by hand in mode manual', ['--select', 'manual'], nothing, /needs ratios or channels/],
  ['fine-tuning behind layers without data', ['--fine-tune-each', '1'], nothing, /add --data with a spec/],
  [
    'fine-tuning behind layers without labels',
    ['--fine-tune-each', '1', '--data', 'bare.json', '--score', 'fidelity'],
    (folder) => {
      const split = { images: 'images.npy' };
      const bare = { data: { train: split, evaluate: split } };
      writeFileSync(join(folder, 'bare.json'), JSON.stringify(bare));
    },
    /needs labels of the training data.*data\.train\.labels/,
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
      expect(err).not.toMatch(/\n\s+at .+:\d+:\d+/);
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
