import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from 'onnxruntime-node';

import { answers } from '../../server/reachable';
import { macsOf } from '../../engine/onnx/layers';
import { saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { count } from '../../report/html/page/figures';
import { Result } from '../../run-spec/result-schema';
import { expectStatus, slimflow } from '../support/cli';
import { serverIn } from '../support/dev-server';
import { inFolder } from '../support/folder';
import { tinyJob, tinyNetwork } from '../support/tiny';

const resultIn = (folder: string) =>
  Result.parse(JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')));
/** One candidate, where the way is not what is tested. */
const one = { techniques: ['spatial-svd'], ssvdTargets: [0.5] };

describe('slimflow run, on a real server with the real engine', () => {
  it('goes the whole way, and a second time takes what is known', () =>
    inFolder(async (folder) => {
      const job = tinyJob(folder);
      const first = await slimflow(folder, ['run', job]);
      expect(first.err).toBe('');
      expectStatus(first, 0);
      expect(first.out).toMatch(/^Temporal: 127\.0\.0\.1:\d+, development server started/);
      expect(first.out).toMatch(
        /In Temporal's UI: http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/slimflow%2Fmodel%2F/,
      );
      expect(first.out).toContain('│ ssvd-0.50');
      const result = resultIn(folder);
      expect(result.outcome).toBe('selected');
      expect(result.final!.macRatio).toBeLessThanOrEqual(0.52);
      const { out } = await slimflow(folder, ['inspect', 'out/model.onnx', '--json']);
      const { macs, params } = JSON.parse(out) as { macs: number; params: number };
      expect(macs / result.original.macs).toBeCloseTo(result.final!.macRatio, 9);
      expect(params / result.original.params).toBeCloseTo(result.final!.paramRatio, 9);

      // The layers and the report have the same figures.
      expect(result.layers!.reduce((sum, layer) => sum + layer.macsAfter, 0)).toBe(macs);
      expect(result.layers!.some(({ rank }) => rank !== undefined)).toBe(true);
      const report = readFileSync(join(folder, 'out', 'report.html'), 'utf8');
      for (const one of [macs, params, result.original.macs]) expect(report.includes(count(one))).toBe(true);
      const [before, after] = [result.original.metric, result.final!.metric].map((points) =>
        Math.round(points / 2),
      );
      expect(/Of 50 samples of the evaluation split.*? the selected model:/.exec(report)?.[0]).toBe(
        `Of 50 samples of the evaluation split, ${before} have their highest score at their label in the original, and ${after} in the selected model:`,
      );

      // Nothing goes on: no server, no scratch folder, no checkpoint.
      expect(await answers(serverIn(folder).address)).toBe(false);
      expect(readdirSync(join(folder, '.slimflow', 'store', 'scratch'))).toEqual([]);

      const second = await slimflow(folder, ['run', job]);
      expectStatus(second, 0);
      const { runId, seconds: _seconds, ...again } = resultIn(folder);
      expect(again).toEqual({ ...result, runId: undefined, seconds: undefined });
      expect(runId).not.toBe(result.runId);
    }));

  it('takes a model with its weights in a separate file, has a smaller one learn from it without labels, and writes that', () =>
    inFolder(async (folder) => {
      const { data } = JSON.parse(readFileSync(tinyJob(folder), 'utf8')) as {
        data: { train: { labels?: string } };
      };
      delete data.train.labels;
      const fineTune = { epochs: 1, batch: 50, distillation: {}, schedule: 'cosine', ema: 0.9 };
      const job = tinyJob(folder, { ...one, data, fineTune, model: 'net/model.onnx' });
      mkdirSync(join(folder, 'net'));
      saveModel(tinyNetwork(), join(folder, 'net', 'model.onnx'), { externalData: true });
      const { status, err, out } = await slimflow(folder, ['run', job]);
      expect([err, status]).toEqual(['', 0]);
      expect(out).toMatch(/Written: \S+model\.onnx, \S+model\.onnx\.data, \S+result\.json, \S+report\.html/);
      expect(readdirSync(join(folder, 'out')).sort()).toEqual([
        'model.onnx',
        'model.onnx.data',
        'report.html',
        'result.json',
      ]);
      const written = join(folder, 'out', 'model.onnx');
      await (await InferenceSession.create(written)).release();
      const { selected, candidates, final, failed } = resultIn(folder);
      expect([candidates.map(({ id }) => id), failed]).toEqual([['ssvd-0.50'], []]);
      expect(macsOf(openModel(written)) / macsOf(tinyNetwork())).toBeCloseTo(final!.macRatio, 9);
      // Where result.json says that the model is, there is a model that any program opens.
      const { uri } = candidates.find(({ id }) => id === selected)!.model;
      await (await InferenceSession.create(fileURLToPath(uri))).release();
    }));

  it('ends with status 3 when the requirement is not met, without a model', () =>
    inFolder(async (folder) => {
      const job = tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.9], target: 0.3 });
      // That of an earlier run must not be taken for this one's.
      mkdirSync(join(folder, 'out'));
      writeFileSync(join(folder, 'out', 'model.onnx'), 'old');
      const ended = await slimflow(folder, ['run', job]);
      expectStatus(ended, 3);
      expect(ended.out).toMatch(/Requirement not met: no model at a ratio of 0\.320 or less/);
      expect(resultIn(folder)).toMatchObject({ selected: null, unmet: { best: 'ssvd-0.90' } });
      expect(existsSync(join(folder, 'out', 'model.onnx'))).toBe(false);
    }));

  it('is detached by Ctrl-C, survives a kill, and goes on as the same run', () =>
    inFolder(async (folder) => {
      const job = tinyJob(folder, { ...one, fineTune: { epochs: 1200, batch: 10 } });
      const detached = await slimflow(folder, ['run', job], (said, child) => {
        // A second one would end it at once.
        if (/^\S+Z ssvd-\S+: /m.test(said) && !child.killed) child.kill('SIGINT');
      });
      expect(detached.out).toContain('Detached. The run is kept');
      expect([detached.status, detached.err]).toEqual([130, expect.stringContaining('Stopping')]);
      expect(await answers(serverIn(folder).address)).toBe(false);

      const killed = await slimflow(folder, ['run', job], (said, child) => {
        if (/: fine-tuning/.test(said)) child.kill('SIGKILL');
      });
      expect(killed.out).toContain('Continuing run');
      expect(killed.signal).toBe('SIGKILL');
      expect(await answers(serverIn(folder).address)).toBe(true);

      const ended = await slimflow(folder, ['run', job]);
      expectStatus(ended, 0);
      const { out } = ended;
      expect(out).toMatch(/^Temporal: .*started earlier, still running/);
      expect(out).toContain('Continuing run');
      const [, id] = /Continuing run (slimflow\S+)/.exec(out)!;
      expect(killed.out).toContain(id);
      expect(resultIn(folder)).toMatchObject({ workflowId: id, outcome: 'selected' });
      expect(readdirSync(join(folder, '.slimflow', 'store', 'scratch'))).toEqual([]);
      expect(await answers(serverIn(folder).address)).toBe(false);
    }));

  it('fails with status 1 where the configured Temporal server does not answer', () =>
    inFolder(async (folder) => {
      const job = tinyJob(folder);
      const { status, err } = await slimflow(folder, ['run', job], undefined, {
        TEMPORAL_ADDRESS: '127.0.0.1:9',
      });
      expect(err).toMatch(/^the Temporal server at 127\.0\.0\.1:9 .* can't be used: /);
      expect(status).toBe(1);
    }));
});
