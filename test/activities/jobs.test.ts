import { engineVersion } from '../../activities/activity-context';
import type { AnalyzeInput } from '../../engine/jobs/types';
import { compute, provenance } from '../support/method';
import { atWork } from '../support/workplace';

it('analyze gives the parts that can be compressed', () =>
  atWork(
    {
      analyze: ({ ignore }) => ({
        inputs: [],
        outputs: [],
        opset: 18,
        macs: 100,
        params: 10,
        layers: [],
        parts: ignore?.length ? [] : [{ name: 'conv', technique: 'spatial-svd', layers: ['conv'], units: 8 }],
        frozen: [],
        otherWork: [],
        notes: ['n'],
      }),
    },
    async ({ do: perform, model, store }) => {
      const { parts, ...rest } = await perform('analyze', { model, ignore: [] });
      expect(rest).toEqual({
        macs: 100,
        params: 10,
        layers: { 'spatial-svd': 1, 'weight-svd': 0, 'channel-pruning': 0 },
        notes: ['n'],
      });
      expect(await store.json(parts)).toEqual([{ name: 'conv', technique: 'spatial-svd' }]);
      const ignoring = await perform('analyze', { model, ignore: ['conv'] });
      expect(ignoring.layers['spatial-svd']).toBe(0);
    },
  ));

it('analyze hands over what the run will do, with files of this machine, on the CPU', () =>
  atWork(
    {
      analyze: () => ({
        inputs: [],
        outputs: [],
        opset: 18,
        macs: 1,
        params: 1,
        layers: [],
        parts: [],
        frozen: [],
        otherWork: [],
        notes: [],
      }),
    },
    async ({ do: perform, model, split, store, calls }) => {
      await perform('analyze', {
        model,
        rehearsal: { runs: [split], judged: { data: [split], metric: 'top1' }, latency: true },
      });
      const data = {
        range: [0, 1],
        images: await store.path(split.images),
        labels: await store.path(split.labels!),
      };
      expect((calls[0].input as AnalyzeInput).rehearsal).toEqual({
        machinery: { threads: 2, provider: 'cpu', linearAlgebra: 'auto' },
        runs: [data],
        judged: { metric: 'top1', data: [data] },
        latency: true,
      });
    },
  ));

it('listParts gives names by the page, and collectScores puts pages together', () =>
  atWork({}, async ({ do: perform, store }) => {
    const names = ['a', 'b', 'c'];
    const scored = (layer: string) => ({ layer, technique: 'spatial-svd', scores: [] });
    const parts = await store.putJson([
      { name: 'elsewhere', technique: 'channel-pruning' },
      ...names.map((name) => ({ name, technique: 'spatial-svd' })),
    ]);
    const page = (from: number) => perform('listParts', { parts, technique: 'spatial-svd', from, most: 2 });
    expect([await page(0), await page(2)]).toEqual([['a', 'b'], ['c']]);

    const [a, b, c] = await Promise.all(names.map((layer) => store.putJson(scored(layer))));
    const before = await perform('collectScores', { layers: [a, b] });
    const all = await perform('collectScores', { before, layers: [c] });
    expect(await store.json(all)).toEqual(names.map(scored));
  }));

it('latency hands the models over in their order', () =>
  atWork(
    { latency: ({ models, runs }) => ({ ms: models.map((_, i) => i + runs), provenance }) },
    async ({ do: perform, model, store }) => {
      const other = await store.putBytes('other');
      expect(await perform('latency', { models: [model, other], compute, runs: 7 })).toEqual({
        ms: [7, 8],
        provenance,
      });
    },
  ));

it('a missing artifact is an error that names it', () =>
  atWork({}, async ({ do: perform, model }) => {
    const missing = { ...model, sha256: 'f'.repeat(64) };
    await expect(perform('analyze', { model: missing, ignore: [] })).rejects.toMatchObject({
      type: 'ArtifactMissing',
    });
  }));

it('the engine has a version', () => expect(engineVersion()).toMatch(/^[0-9a-f]{16}$/));
