import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compressModel } from '../../engine/api/compress-model';
import { techniques } from '../../engine/names';
import { paramsOf } from '../../engine/onnx/layers';
import { loadModel, saveModel } from '../../engine/onnx/model';
import { JobPool } from '../../engine/pools/thread-pool';
import { decoderConstants, yolo, type YoloVersion } from '../support/yolo';
import { inputFor, runPlain } from './models';
import { recount } from './recount';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
const pool = new JobPool({ slots: 2 });
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

const versions = ['v8', '11'] as const;
const file = (version: YoloVersion) => join(folder, `${version}.onnx`);
// `npm run bench:yolo` does the same with the whole networks.
beforeAll(() =>
  versions.forEach((version) =>
    saveModel(yolo({ version, classes: 3, side: 64, width: 0.0625 }), file(version)),
  ),
);

it.each([
  ['v8', 3.15],
  ['11', 2.62],
] as const)('YOLO%s-n has as many parameters as published: %d million', (version, millions) => {
  const graph = yolo({ version, classes: 80, side: 64 });
  expect(paramsOf(graph) / 1e6).toBeCloseTo(millions, 1);
});

const cases = versions.flatMap((version) => techniques.map((technique) => [version, technique] as const));

it.each(cases)('YOLO%s by %s to half of its MACs, with its decoder as it was', async (version, technique) => {
  const [model, out] = [file(version), join(folder, `small-${version}-${technique}.onnx`)];
  const { achieved, macs, shortfall } = await compressModel(
    {
      model,
      technique,
      target: 0.5,
      out,
      candidates: [0.5],
      samples: 2,
      reconstruction: { samples: 4, patches: 20 },
    },
    { pool },
  );
  expect(await recount(out)).toBe(macs);
  if (Math.abs(achieved - 0.5) > 0.01) expect(shortfall).toMatch(/floor|coarse/);
  const [before, after] = [loadModel(model), loadModel(out)];
  for (const name of decoderConstants) expect(after.constant(name)).toEqual(before.constant(name));
  for (const batch of [1, 3]) {
    const x = inputFor(before, batch);
    const [own, other] = [await runPlain(before, x), await runPlain(after, x)];
    expect(Object.keys(other)).toEqual(Object.keys(own));
    expect(other.y.dims).toEqual(own.y.dims);
    expect(Array.from(other.y.data as Float32Array).every(Number.isFinite)).toBe(true);
  }
});
