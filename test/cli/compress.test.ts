import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { compressModel } from '../../engine/api/compress-model';
import type { CompressReport } from '../../engine/api/compress-report';
import type { Graph } from '../../engine/onnx/graph';
import { macsOf } from '../../engine/onnx/layers';
import { metadataOf } from '../../engine/onnx/metadata';
import { loadModel, saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { floats, type FloatTensor } from '../../engine/tensor/tensor';
import { expectStatus, slimflow } from '../support/cli';
import { args, compressed } from '../support/compress-command';
import { inFolder } from '../support/folder';
import { tinyJob, tinyNetwork } from '../support/tiny';

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
        else expect(report.shortfall).toMatch(/units are too coarse/); // of so small a network they may be
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
      expect(other.err).toMatch(/--scores scores.json was computed for another model, technique or options/);
      expect(other.status).toBe(2);
    }));

  it('does not take the scores of other weights, though they are next to the model', () =>
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

  it('refits decomposed layers where there are data, unless that is switched off', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const made = async (...more: string[]) => {
        await compressed(folder, args('spatial-svd', 0.5, ...more));
        return metadataOf(openModel(join(folder, 'small.onnx')))['slimflow.refit'];
      };
      const data = ['--data', 'job.json', '--reconstruction-samples', '20'];
      expect(await made(...data, '--scores', 'scores.json')).toBe('20 samples, 10 patches, seed 0');
      expect(await made(...data, '--no-refit')).toBeUndefined();
      expect(await made()).toBeUndefined();
      const without = args('spatial-svd', 0.5, ...data, '--no-refit', '--scores', 'scores.json');
      const { err, status } = await slimflow(folder, without);
      expect(err).toMatch(/--scores scores.json was computed for another model, technique or options/);
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
      const { status, err } = await slimflow(folder, [...taylor, '--cost', 'latency', '--json']);
      expect([
        [0, ''],
        [3, ''],
      ]).toContainEqual([status, err]);
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

  it('fine-tunes after each layer, with the fine-tuning of the spec', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const command = ['compress', 'model.onnx', '--select', 'manual', '--technique', 'spatial-svd'];
      const layers = ['--layer', 'c2=0.4', 'c3=0.5', '--data', 'job.json', '--out', 'small.onnx'];
      const tuned = await compressed(folder, [...command, ...layers, '--fine-tune-each', '0.5']);
      // 100 of 200 samples, in the spec's batches of 20.
      expect(tuned.warnings.at(-1)).toMatch(/^2 layers .* 0\.5 epochs of fine-tuning: 10 steps/);
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
      // The size is the network's: layers, which are timed by themselves, have others.
      const size = ['--input-size', '1x1x8x8'];
      const ended = await slimflow(folder, args('weight-svd', 0.9, '--cost', 'latency', '--json', ...size));
      expect(ended.err).toBe('');
      const { achieved, shortfall, cost } = JSON.parse(ended.out) as CompressReport;
      expect(cost).toBe('latency');
      expect(achieved).toBeGreaterThan(0);
      // What is measured of so small a network is noise: either it is near, or the report says that it is not.
      if (Math.abs(achieved - 0.9) > 0.01) expect(shortfall).toMatch(/latency/);
      expectStatus(ended, shortfall && achieved > 0.9 ? 3 : 0);
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
      const ended = await slimflow(folder, args('spatial-svd', 0.01));
      expectStatus(ended, 3);
      expect(ended.out).toMatch(
        /target not reached: every layer is at its floor, so 0\.\d+ of the MACs is the lowest/,
      );
      expect(existsSync(join(folder, 'small.onnx'))).toBe(true);
    }));
});
