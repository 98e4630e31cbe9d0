import { join } from 'node:path';

import { analyze } from '../../../engine/jobs/analyze';
import { compress } from '../../../engine/jobs/compress';
import { evaluateJob } from '../../../engine/jobs/evaluate';
import { quiet } from '../../../engine/jobs/job-context';
import { latency } from '../../../engine/jobs/latency';
import { JobPool } from '../../../engine/pools/thread-pool';
import type { Technique } from '../../../engine/names';
import { macsOf } from '../../../engine/onnx/layers';
import { metadataOf } from '../../../engine/onnx/metadata';
import { openModel } from '../../../engine/onnx/open-model';
import { temporaryFolder } from '../../support/folder';
import { optimal, machinery, methodOf } from '../../support/method';
import { digits, digitsModel } from '../../support/paths';

const folder = temporaryFolder();
const evaluate = digits(7000, 7040);
const pool = new JobPool({ slots: 2 });
afterAll(() => pool.close());
const common = {
  train: digits(0, 7000),
  reconstruction: { samples: 100, patches: 10, seed: 0 },
  machinery,
};

/** Scores of a few candidates, enough to land with. */
async function scoresOf(model: string, technique: Technique, candidates: readonly number[], svd = false) {
  const { parts } = await analyze({ model, coupled: false });
  const factors: Record<string, string> = {};
  const compressible = parts.filter((part) => part.technique === technique);
  const scores = await Promise.all(
    compressible.map(({ name: layer }, at) => {
      factors[layer] = join(folder, `${at}.safetensors`);
      return pool.run('scoreLayer', {
        ...common,
        reconstruction: { ...common.reconstruction, svd },
        model,
        method: methodOf(technique),
        layer,
        candidates,
        evaluate,
        metric: 'top1',
        factors: factors[layer],
      });
    }),
  );
  return { scores, factors: technique === 'channel-pruning' ? undefined : factors };
}
const accuracy = async (model: string) =>
  (await evaluateJob({ model, data: digits(7000, 8000), metric: 'top1', machinery }, quiet)).value;

describe.each(['', 'bn.', 'dynamo.'] as const)('compression of resnet20-digits.%sonnx', (name) => {
  const model = digitsModel(name);
  const split = join(folder, `${name}split.onnx`);
  let table: Awaited<ReturnType<typeof scoresOf>>;

  it('scores every layer of spatial SVD within 0..100 and writes its factors', async () => {
    table = await scoresOf(model, 'spatial-svd', [0.2, 0.5, 0.8]);
    expect(table.scores.length).toBeGreaterThanOrEqual(20);
    for (const { scores } of table.scores) {
      for (const { score, error } of scores) expect(score >= 0 && score <= 100 && error >= 0).toBe(true);
      expect(scores[2].error).toBeLessThan(scores[0].error + 1e-9);
    }
  });

  it.each([0.5, 0.65, 0.75])(
    'lands spatial SVD within 0.01 of %d, counted on the saved graph',
    async (target) => {
      const result = await compress(
        {
          ...common,
          ...table,
          model,
          method: methodOf('spatial-svd'),
          selection: optimal,
          target,
          out: split,
        },
        quiet,
      );
      expect(result.shortfall).toBeUndefined();
      expect(Math.abs(result.achieved - target)).toBeLessThan(0.01);
      expect(macsOf(openModel(split)) / macsOf(openModel(model))).toBe(result.achieved);
      expect(await accuracy(split)).toBeGreaterThan(target === 0.5 ? 70 : 90);
    },
  );

  it('prunes channels of the split model with little loss, and lands', async () => {
    const pruning = await scoresOf(split, 'channel-pruning', [0.5, 0.8]);
    const out = join(folder, `${name}pruned.onnx`);
    const result = await compress(
      {
        ...common,
        ...pruning,
        model: split,
        method: methodOf('channel-pruning'),
        selection: optimal,
        target: 0.8,
        out,
      },
      quiet,
    );
    expect(Math.abs(result.achieved - 0.8)).toBeLessThan(0.01);
    expect(result.plan.length).toBeGreaterThan(0);
    expect(await accuracy(out)).toBeGreaterThan(85);
  });
});

it.each(['spatial-svd', 'weight-svd'] as const)(
  'keeps most of the accuracy at a quarter of the MACs where %s sees data, and writes in the model that it did',
  async (technique) => {
    const model = digitsModel();
    const compressed = async (svd: boolean) => {
      const input = {
        ...common,
        ...(await scoresOf(model, technique, [0.15, 0.4], svd)),
        model,
        target: 0.25,
        method: methodOf(technique),
        selection: optimal,
        reconstruction: { ...common.reconstruction, svd },
        out: join(folder, `${technique}-${svd}.onnx`),
      };
      const { achieved, notes } = await compress(input, quiet);
      expect(Math.abs(achieved - 0.25)).toBeLessThan(0.01);
      expect(notes).toEqual([]);
      const refit = metadataOf(openModel(input.out))['slimflow.refit'];
      return { accuracy: await accuracy(input.out), refit };
    };
    const [without, refitted] = [await compressed(false), await compressed(true)];
    expect(refitted.refit).toBe('100 samples, 10 patches, seed 0');
    expect(refitted.accuracy).toBeGreaterThan(96);
    expect(without.accuracy).toBeLessThan(90);
    expect(without.refit).toBeUndefined();
  },
);

it('says so where a target lies under every floor', async () => {
  const scores = [
    {
      layer: '/blocks/blocks.0/c2/Conv',
      technique: 'channel-pruning' as const,
      scores: [{ ratio: 0.5, units: 8, score: 90, error: 0.1 }],
    },
  ];
  const result = await compress(
    {
      ...common,
      model: digitsModel(),
      method: methodOf('channel-pruning'),
      selection: optimal,
      target: 0.5,
      scores,
      out: join(folder, 'floor.onnx'),
    },
    quiet,
  );
  expect(result.shortfall).toMatch(
    /every layer is at its floor, so 0\.8\d\d of the MACs is the lowest possible ratio; 0\.500 was requested/,
  );
});

it('warns where the reconstruction has fewer samples than unknowns', async () => {
  const scores = [
    {
      layer: '/blocks/blocks.0/c2/Conv',
      technique: 'channel-pruning' as const,
      scores: [{ ratio: 0.5, units: 8, score: 90, error: 0.1 }],
    },
  ];
  const reconstruction = { samples: 5, patches: 2, seed: 0 };
  const input = {
    ...common,
    reconstruction,
    model: digitsModel(),
    method: methodOf('channel-pruning'),
    selection: optimal,
    target: 0.95,
    scores,
    out: join(folder, 'few.onnx'),
  };
  expect((await compress(input, quiet)).notes).toEqual([
    expect.stringMatching(/10 reconstruction samples for \d+ unknowns/),
  ]);
});

it('measures the latency of several models in turn', async () => {
  const { ms } = await latency({ models: [digitsModel(), split()], machinery, runs: 5 }, quiet);
  expect(ms).toHaveLength(2);
  expect(ms.every((value) => value > 0)).toBe(true);
});
const split = () => join(folder, 'split.onnx');
