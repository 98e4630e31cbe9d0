import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Result } from '../../run-spec/result-schema';
import { slimflow } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { root } from '../support/paths';

const folder = temporaryFolder();

it('the detector example loses at most a point of mAP50-95 at half of its MACs, without labels to train on', async () => {
  const own = join(folder, 'examples', 'detector');
  mkdirSync(own, { recursive: true });
  const data = join(own, 'data');
  execFileSync(process.execPath, [join(root, 'examples', 'detector', 'prepare.mjs'), data]);
  for (const name of ['detector.onnx', 'slimflow.yaml'])
    cpSync(join(root, 'examples', 'detector', name), join(own, name));
  const { err, status } = await slimflow(folder, ['run', join(own, 'slimflow.yaml')]);
  // Progress goes to stderr too.
  expect([status, status ? err : '']).toEqual([0, '']);
  const result = JSON.parse(readFileSync(join(folder, 'out', 'detector', 'result.json'), 'utf8')) as Result;
  const { original, final } = result;
  expect(final!.ratio).toBeLessThanOrEqual(0.52);
  expect(original.metric - final!.metric).toBeLessThanOrEqual(1);
  expect(original.details).toMatchObject({ mAP50: expect.any(Number) as number });
});
