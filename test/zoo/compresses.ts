import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Technique } from '../../engine/names';
import { compressModel } from '../../engine/api/compress-model';
import { JobPool } from '../../engine/pools/thread-pool';
import type { LayerScores } from '../../engine/jobs/types';
import { loadModel } from '../../engine/onnx/model';
import { inputFor, runPlain, zooModel } from './models';
import { recount } from './recount';

/** Tests that models of the zoo are compressed to half of their MACs, one by one. */
export function compressesZoo(cases: readonly (readonly [name: string, technique: Technique])[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
  const pool = new JobPool({ slots: 2 });
  afterAll(async () => {
    await pool.close();
    rmSync(folder, { recursive: true });
  });

  it.each(cases)('%s by %s to half of its MACs', async (name, technique) => {
    const [model, out] = [zooModel(name), join(folder, `${name}.onnx`)];
    const original = await recount(model);
    let scores: readonly LayerScores[] | undefined;
    for (const target of targetsOf(technique)) {
      const report = await compressModel(
        {
          model,
          technique,
          target,
          out,
          scores,
          candidates: [0.3, 0.6],
          samples: 2,
          reconstruction: { samples: 4, patches: 20 },
        },
        { pool, onScores: (found) => void (scores = found) },
      );
      const { achieved, macs, shortfall } = report;
      expect([original, await recount(out)]).toEqual([report.macsOriginal, macs]);
      expect(achieved).toBe(macs / original);
      if (Math.abs(achieved - target) > 0.01) expect(shortfall).toMatch(/floor|coarse/);
      await expectSameInterface(model, out);
    }
  });
}

/** A second target by the cheapest technique: it takes the scores of the first. */
const targetsOf = (technique: Technique) => (technique === 'spatial-svd' ? [0.75, 0.5] : [0.5]);

/** The same outputs of the same shapes, finite, at two batches. */
async function expectSameInterface(model: string, out: string): Promise<void> {
  const [before, after] = [loadModel(model), loadModel(out)];
  for (const batch of [1, 3]) {
    const x = inputFor(before, batch);
    const [own, other] = [await runPlain(before, x), await runPlain(after, x)];
    expect(Object.keys(other)).toEqual(Object.keys(own));
    for (const [output, { dims, data }] of Object.entries(other)) {
      expect(dims).toEqual(own[output].dims);
      expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
    }
  }
}
