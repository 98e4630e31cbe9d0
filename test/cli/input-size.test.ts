import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ModelSummary } from '../../engine/jobs/types';
import { saveModel } from '../../engine/onnx/model';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { tinyJob, tinyNetwork } from '../support/tiny';
import { declare } from '../../engine/onnx/extract';

/** The tiny job with a model that leaves height and width open. @returns MACs of the model as it was */
function openJob(folder: string): void {
  tinyJob(folder);
  const graph = tinyNetwork();
  graph.setInterface([declare('x', ['batch', 1, 'h', 'w'])], [declare('y', ['batch', 4])]);
  saveModel(graph, join(folder, 'model.onnx'));
}

const macsOfTiny = 64 * (72 + 864 + 1296) + 48;

describe('a model that leaves sizes open', () => {
  it.each([['1x1x8x8'], ['x=1x1x8x8']])('is inspected at --input-size %s', (size) =>
    inFolder(async (folder) => {
      openJob(folder);
      const inspect = ['inspect', 'model.onnx', '--json', '--input-size', size];
      const { out, err, status } = await slimflow(folder, inspect);
      expect([err, status]).toEqual(['', 0]);
      expect((JSON.parse(out) as ModelSummary).macs).toBe(macsOfTiny);
    }),
  );

  it('is trained and compressed at the size of its images, or what the spec says', () =>
    inFolder(async (folder) => {
      openJob(folder);
      const job = join(folder, 'job.json');
      const train = [
        'train',
        'model.onnx',
        '--data',
        'job.json',
        '--epochs',
        '1',
        '--out',
        'out.onnx',
        '--json',
      ];
      const compress = [
        'compress',
        'model.onnx',
        '--technique',
        'weight-svd',
        '--target',
        '0.6',
        '--samples',
        '8',
      ];
      const command = [
        ...compress,
        '--candidates',
        '4',
        '--data',
        'job.json',
        '--out',
        'small.onnx',
        '--json',
      ];
      const sizes = [undefined, [1, 1, 8, 8], { x: [1, 1, 8, 8] }];
      const made: unknown[] = [];
      for (const inputSize of sizes) {
        const spec = JSON.parse(readFileSync(job, 'utf8')) as object;
        writeFileSync(job, JSON.stringify({ ...spec, inputSize }));
        const { out, err, status } = await slimflow(folder, command);
        expect(err).toBe('');
        expect([0, 3]).toContain(status); // few candidates may miss the target
        made.push((JSON.parse(out) as { macs: number; macsOriginal: number }).macsOriginal);
      }
      expect(made).toEqual([macsOfTiny, macsOfTiny, macsOfTiny]);
      const { err, status } = await slimflow(folder, train);
      expect([err, status]).toEqual(['', 0]);
    }));

  it('sizes that do not go together are refused', () =>
    inFolder(async (folder) => {
      openJob(folder);
      const { err, status } = await slimflow(folder, [
        'inspect',
        'model.onnx',
        '--input-size',
        '1x1x8x8',
        '--input-size',
        'x=1x1x8x8',
      ]);
      expect(err).toMatch(/Give one size, of the image input, or sizes by name/);
      expect(status).toBe(2);
    }));
});
