/**
 * Compresses YOLOv8n and YOLO11n, built from their published tables of layers with random weights, by every technique to
 * half of their MACs, and times them before and after:
 *
 *     npm run bench:yolo -- [--side 320] [--runs 20] [--threads 1]
 *
 * Prints a row per model and technique: MACs and milliseconds of an image, relative to the original.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { compressModel } from '../../engine/api/compress-model';
import { techniques } from '../../engine/names';
import { loadModel, saveModel } from '../../engine/onnx/model';
import { JobPool } from '../../engine/pools/thread-pool';
import { Session } from '../../engine/runtime/session';
import { randoms } from '../../test/support/graphs';
import { yolo } from '../../test/support/yolo';

const { values: options } = parseArgs({
  options: {
    side: { type: 'string', default: '320' },
    runs: { type: 'string', default: '20' },
    threads: { type: 'string', default: '1' },
  },
});
const [side, runs, threads] = [options.side, options.runs, options.threads].map(Number);

/** Median ms of a run of each model, in turns, so that other work of the machine slows both. */
async function times(files: readonly string[]): Promise<number[]> {
  const sessions = await Promise.all(files.map((file) => Session.open(loadModel(file), { threads })));
  const x = randoms([1, 3, side, side], 1);
  const taken = files.map((): number[] => []);
  for (let run = -3; run < runs; run++)
    for (const [at, session] of sessions.entries()) {
      const start = performance.now();
      await session.run({ x });
      if (run >= 0) taken[at].push(performance.now() - start);
    }
  await Promise.all(sessions.map((session) => session.close()));
  return taken.map((all) => all.sort((a, b) => a - b)[Math.floor(runs / 2)]);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-yolo-'));
  const pool = new JobPool({ slots: 2 });
  try {
    for (const version of ['v8', '11'] as const) {
      const model = join(folder, `${version}.onnx`);
      saveModel(yolo({ version, classes: 80, side }), model);
      for (const technique of techniques) {
        const out = join(folder, `${version}-${technique}.onnx`);
        const { achieved, shortfall } = await compressModel(
          { model, technique, target: 0.5, out, candidates: [0.3, 0.6], samples: 2 },
          { pool },
        );
        const [before, after] = await times([model, out]);
        console.log(
          `YOLO${version}n ${technique}: ${achieved.toFixed(3)} of the MACs, ${before.toFixed(1)} ms to ${after.toFixed(1)} ms (${(after / before).toFixed(2)})${shortfall ? `, ${shortfall}` : ''}`,
        );
      }
    }
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true });
  }
}

void main();
