import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { compress } from '../../../engine/jobs/compress';
import { evaluateJob } from '../../../engine/jobs/evaluate';
import type { JobContext } from '../../../engine/jobs/job-context';
import { quiet } from '../../../engine/jobs/job-context';
import { scoreLayer } from '../../../engine/jobs/score-layer';
import type { Checkpointing, Progress } from '../../../engine/jobs/types';
import { WorkCheckpoints } from '../../../engine/jobs/work-checkpoints';
import { sha256OfFile } from '../../../store/digest';
import { temporaryFolder } from '../../support/folder';
import { machinery, methodOf, optimal } from '../../support/method';
import { tinyJob } from '../../support/tiny';

const folder = temporaryFolder();
tinyJob(folder);
const model = join(folder, 'model.onnx');
const images = (first: number, end: number) => ({
  images: join(folder, 'images.npy'),
  labels: join(folder, 'labels.npy'),
  range: [first, end] as [number, number],
});

/** Runs a job that is stopped once it has written `written` checkpoints; then the same again from the last of them. */
async function interrupted<T>(
  written: number,
  job: (checkpointing: Checkpointing, context: JobContext) => Promise<T>,
): Promise<{ result: T; told: Progress[] }> {
  const files: string[] = [];
  const checkpointing = { checkpoints: join(folder, 'checkpoints'), checkpointSeconds: 0 };
  const stopped = job(checkpointing, {
    checkStop: () => {
      if (files.length >= written) throw new Error('killed');
    },
    report: ({ checkpoint }) => void (checkpoint && files.push(checkpoint)),
  });
  await expect(stopped).rejects.toThrow('killed');
  const told: Progress[] = [];
  const result = await job(
    { ...checkpointing, resume: files.at(-1) },
    { ...quiet, report: (progress) => told.push(progress) },
  );
  return { result, told };
}

describe('a job that was killed goes on, and comes to the same to the bit', () => {
  it.each(['top1', 'top5'] as const)('evaluation by %s', async (metric) => {
    const input = { model, data: images(0, 300), metric, machinery };
    const whole = await evaluateJob(input, quiet);
    const { result, told } = await interrupted(3, (checkpointing, context) =>
      evaluateJob({ ...input, checkpointing }, context),
    );
    expect(result).toEqual(whole);
    expect(told[0].done).toBeGreaterThanOrEqual(96);
  });

  it.each([
    ['metric', false],
    ['fidelity', false],
    ['metric', true],
  ] as const)('scoring by %s (refitted: %s)', async (score, svd) => {
    const input = {
      model,
      method: methodOf('spatial-svd', { score }),
      layer: 'c2',
      candidates: [0.2, 0.5, 0.8],
      ...({ evaluate: images(0, 300), train: images(0, 10), metric: 'top1', machinery } as const),
      reconstruction: { samples: 5, patches: 2, seed: 0, svd },
    };
    const whole = await scoreLayer(input, quiet);
    const { result, told } = await interrupted(3, (checkpointing, context) =>
      scoreLayer({ ...input, checkpointing }, context),
    );
    expect(result).toEqual(whole);
    expect(told[0].done).toBeGreaterThan(96);
  });

  it.each(['spatial-svd', 'weight-svd'] as const)('%s, by refitted pairs', async (technique) => {
    const input = {
      model,
      method: methodOf(technique),
      scores: [],
      target: 0.5,
      machinery,
      selection: { ...optimal, mode: 'manual', ratios: { c2: 0.5, c3: 0.5 } } as const,
      train: images(0, 60),
      reconstruction: { samples: 60, patches: 4, seed: 0, svd: true },
      out: join(folder, 'split.onnx'),
    };
    const whole = await compress(input, quiet);
    const digest = await sha256OfFile(input.out);
    const { result, told } = await interrupted(1, (checkpointing, context) =>
      compress({ ...input, checkpointing, out: join(folder, 'resumed.onnx') }, context),
    );
    expect(result).toEqual(whole);
    expect(await sha256OfFile(join(folder, 'resumed.onnx'))).toBe(digest);
    expect(told.filter(({ note }) => note.startsWith('refitted'))).toHaveLength(whole.plan.length - 1);
  });

  it('pruning, by refitted layers', async () => {
    const input = {
      model,
      method: methodOf('channel-pruning'),
      scores: [],
      target: 0.5,
      machinery,
      selection: { ...optimal, mode: 'manual', ratios: { c2: 0.5, c3: 0.5 } } as const,
      train: images(0, 60),
      reconstruction: { samples: 60, patches: 4, seed: 0 },
      out: join(folder, 'pruned.onnx'),
    };
    const whole = await compress(input, quiet);
    const digest = await sha256OfFile(input.out);
    const { result, told } = await interrupted(1, (checkpointing, context) =>
      compress({ ...input, checkpointing, out: join(folder, 'resumed.onnx') }, context),
    );
    expect(result).toEqual(whole);
    expect(await sha256OfFile(join(folder, 'resumed.onnx'))).toBe(digest);
    const refitted = told.filter(({ note }) => note.startsWith('reconstructed'));
    expect(refitted.map(({ done }) => done)).toEqual([2]);
  });
});

describe('WorkCheckpoints', () => {
  const at = (identity: string, resume?: string) =>
    new WorkCheckpoints<object>(quiet, identity, {
      checkpoints: join(folder, 'own'),
      checkpointSeconds: 0,
      resume,
    });

  it('only resumes from its own', () => {
    let written = '';
    const context: JobContext = { ...quiet, report: ({ checkpoint }) => void (written = checkpoint ?? '') };
    const state = { big: Infinity, none: NaN, floats: Float32Array.of(0.1) };
    new WorkCheckpoints(context, 'a', { checkpoints: join(folder, 'own'), checkpointSeconds: 0 }).passed({
      done: 1,
      total: 2,
      note: '',
      state: () => state,
    });
    expect(at('a', written).resumed()).toEqual(state);
    expect(at('b', written).resumed()).toBeUndefined();
    expect(at('a').resumed()).toBeUndefined();
    writeFileSync(written, 'half');
    expect(at('a', written).resumed()).toBeUndefined();
  });
});
