import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { compressModel } from '../../engine/api/compress-model';
import { saveModel } from '../../engine/onnx/model';
import { expectStatus, slimflow } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { tinyNetwork } from '../support/tiny';

const folder = temporaryFolder();
const [model, small] = [join(folder, 'model.onnx'), join(folder, 'small.onnx')];
beforeAll(async () => {
  saveModel(tinyNetwork(), model);
  await compressModel({ model, technique: 'spatial-svd', target: 0.6, out: small });
});

it('diff tells what became of each layer, with its time, and draws both graphs', async () => {
  const html = join(folder, 'diff.html');
  const args = ['diff', model, small, '--latency', '--latency-runs', '2', '--threads', '1', '--json'];
  const ended = await slimflow(folder, [...args, '--html', html]);
  expectStatus(ended, 0);
  const found = JSON.parse(ended.out) as {
    layers: { name: string; status: string; parts: string[]; ms: number; msAfter: number }[];
  };
  const split = found.layers.filter(({ status }) => status === 'split');
  expect(split.length).toBeGreaterThan(0);
  expect(split[0].parts.length).toBe(2);
  expect(found.layers.every(({ ms, msAfter }) => ms > 0 && msAfter > 0)).toBe(true);
  const page = readFileSync(html, 'utf8');
  for (const name of split.flatMap(({ parts }) => parts)) expect(page).toContain(`data-tip="${name}: Conv`);
  expect(page.match(/<svg class="graph"/g)?.length).toBe(2);
});
