import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { writeNpy } from '../../engine/data/npy';
import { saveModel } from '../../engine/onnx/model';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { modelOf, randoms } from '../support/graphs';
import { hugeModel } from '../support/huge';
import { tinyJob, tinyNetwork } from '../support/tiny';

/** The fault, a way to cause it in a folder with a good job (or by changing the spec), and the message. */
const cases: [string, object, (folder: string) => void, RegExp][] = [
  [
    'no such model file',
    { model: 'none.onnx' },
    () => undefined,
    /^model .*none\.onnx cannot be read: ENOENT/,
  ],
  [
    'a file that is no ONNX',
    {},
    (folder) => writeFileSync(join(folder, 'model.onnx'), 'not a model at all'),
    /^model .*model\.onnx is not an ONNX/,
  ],
  [
    'a truncated ONNX',
    {},
    (folder) => truncateSync(join(folder, 'model.onnx'), 2000),
    /^model .*model\.onnx is not an ONNX file, or is cut short/,
  ],
  [
    'a model without a convolution',
    {},
    (folder) =>
      saveModel(
        modelOf(
          ['x', ['batch', 1, 8, 8]],
          [
            { op: 'Flatten', inputs: ['x'], outputs: ['flat'] },
            { op: 'Gemm', inputs: ['flat', 'w'], outputs: ['y'] },
          ],
          ['y', ['batch', 4]],
          { w: randoms([64, 4], 1) },
        ),
        join(folder, 'model.onnx'),
      ),
    /^model .*model\.onnx has no layer that spatial-svd or channel-pruning can compress/,
  ],
  ['C = 0', { target: 0 }, () => undefined, /^spec .*job\.json: target must be above 0$/],
  ['C = 1.5', { target: 1.5 }, () => undefined, /^spec .*job\.json: target must be below 1$/],
  ['X < 0', { tolerance: -1 }, () => undefined, /^spec .*job\.json: tolerance must be at least 0$/],
  [
    'data whose shape does not fit',
    {},
    (folder) => writeNpy(join(folder, 'images.npy'), randoms([300, 3, 8, 8], 1)),
    /^images of .*images\.npy are \[3, 8, 8\], but input x of .* takes \[1, 8, 8\]$/,
  ],
  [
    'labels out of range',
    {},
    (folder) =>
      writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [300], data: new Int32Array(300).fill(4) }),
    /^label 4 at row 0 of .*labels\.npy is out of range: .* has 4 classes, 0 to 3$/,
  ],
  [
    'an unwritable outDir',
    { outDir: 'blocked/out' },
    (folder) => writeFileSync(join(folder, 'blocked'), ''),
    /^spec .*job\.json: outDir .*blocked.out is not writable: /,
  ],
  [
    'an outDir that no folder can be made for',
    { outDir: '/proc/slimflow/out' },
    () => undefined,
    /^spec .*job\.json: outDir .*is not writable: ENOENT/,
  ],
  [
    'an outDir where the weights lie that the result would replace',
    { model: 'out/net.onnx' },
    (folder) => {
      mkdirSync(join(folder, 'out'));
      const path = join(folder, 'out', 'model.onnx');
      saveModel(tinyNetwork(), path, { externalData: true });
      renameSync(path, join(folder, 'out', 'net.onnx'));
    },
    /^spec .*job\.json: outDir .*out contains .*model\.onnx\.data, which the result would replace/,
  ],
  [
    'fine-tuning of 2 GB and over',
    { model: 'huge.onnx' },
    (folder) => hugeModel(join(folder, 'huge.onnx')),
    /huge\.onnx has 24\d+ bytes of weights, and training takes models below 2 GB.*set fineTune\.epochs to 0/,
  ],
  [
    'weights outside the folder of the model',
    {},
    (folder) => {
      mkdirSync(join(folder, 'net'));
      saveModel(tinyNetwork(), join(folder, 'model.onnx'), { externalData: true });
      renameSync(join(folder, 'model.onnx.data'), join(folder, 'net', 'data'));
      symlinkSync('/etc/hostname', join(folder, 'model.onnx.data'));
    },
    /is a link to outside the model's folder/,
  ],
  [
    'an unknown key',
    { tolerence: 1 },
    () => undefined,
    /^spec .*job\.json: unknown key tolerence: did you mean tolerance\?$/,
  ],
  [
    'a layer to ignore that is none',
    { ignore: ['nope'] },
    () => undefined,
    /^ignore names nope, which is not a layer of/,
  ],
  [
    'a ratio by hand for a layer that is none',
    { selection: { ratios: { nope: 0.5 } } },
    () => undefined,
    /^spec .*job\.json: selection names nope, which spatial-svd or channel-pruning can not compress/,
  ],
  [
    'a technique that fits no layer',
    { ignore: ['c1', 'c2', 'c3'] },
    () => undefined,
    /^model .* has no layer that spatial-svd or channel-pruning can compress$/,
  ],
];

describe('bad input', () => {
  it.each(cases)('%s: one sentence, status 2, nothing left behind', (_, changes, spoil, message) =>
    inFolder(async (folder) => {
      const job = tinyJob(folder, changes);
      spoil(folder);
      const before = readdirSync(folder);
      const { status, out, err } = await slimflow(folder, ['run', job]);
      expect(err.trim()).toMatch(message);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect({ status, out }).toEqual({ status: 2, out: '' });
      expect(readdirSync(folder)).toEqual(before);
    }),
  );

  it.each([
    [['run'], /missing required argument 'spec'/],
    [['shrink'], /unknown command 'shrink'/],
    [['inspect', 'none.onnx'], /none\.onnx cannot be read/],
    [['run', 'none.yaml'], /^cannot read spec none\.yaml: ENOENT/],
  ])('bad usage: %j', (args, message) =>
    inFolder(async (folder) => {
      const { status, err } = await slimflow(folder, args);
      expect(err).toMatch(message);
      expect(status).toBe(2);
      expect(readdirSync(folder)).toEqual([]);
    }),
  );
});

describe('commands that need no server', () => {
  it('init writes a spec once', () =>
    inFolder(async (folder) => {
      expectStatus(await slimflow(folder, ['init', 'job.yaml']), 0);
      expect(readFileSync(join(folder, 'job.yaml'), 'utf8')).toContain('target: 0.5');
      const again = await slimflow(folder, ['init', 'job.yaml']);
      expect([again.status, again.err.trim()]).toEqual([2, 'job.yaml already exists; give another name']);
    }));

  it('inspect shows layers, as a table or as JSON', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const inspected = await slimflow(folder, ['inspect', 'model.onnx', '--json']);
      expectStatus(inspected, 0);
      const summary = JSON.parse(inspected.out) as { macs: number; layers: { name: string }[] };
      expect(summary.layers.map(({ name }) => name)).toEqual(['c1', 'c2', 'c3', 'fc']);
      expect(summary.macs).toBe(64 * 9 * (8 + 96 + 144) + 48);
      expect((await slimflow(folder, ['inspect', 'model.onnx'])).out).toContain(`${summary.macs} MACs`);
    }));

  it('doctor says what is there, and misses a store that can not be written', () =>
    inFolder(async (folder) => {
      const fine = await slimflow(folder, ['doctor']);
      expect(fine.out).toMatch(/ok +ONNX Runtime +\d+\.\d+.*execution providers\n +cpu: used\n/);
      expect(fine.out).toMatch(/ok +linear algebra +[^]*ml-matrix: (available|used)/);
      expect(fine.out).toMatch(/ok +Temporal server/);
      expectStatus(fine, 0);
      expect(existsSync(join(folder, '.slimflow'))).toBe(false);
      mkdirSync(join(folder, 'x'));
      writeFileSync(join(folder, 'x', 'file'), '');
      const blocked = await slimflow(folder, ['doctor', '--state', 'x/file/state']);
      expect(blocked.out).toMatch(/MISSING store/);
      expectStatus(blocked, 1);
    }));

  it('help has examples', () =>
    inFolder(async (folder) => {
      const [listed] = (await slimflow(folder, ['--help'])).out.split('Examples:');
      const commands = [...listed.matchAll(/^ {2}([a-z]+) (?!\[command\]).*? {2}/gm)].map(([, name]) => [
        name,
      ]);
      expect(commands.flat()).toEqual(
        expect.arrayContaining(['run', 'watch', 'approve', 'compress', 'server']),
      );
      for (const command of [[], ...commands]) {
        const help = await slimflow(folder, [...command, '--help']);
        expectStatus(help, 0);
        expect(help.out).toMatch(/Examples?:\n {2}slimflow /);
      }
    }));
});
