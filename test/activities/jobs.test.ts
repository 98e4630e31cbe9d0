import { engineVersion } from '../../activities/workplace';
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
        notes: ['n'],
      }),
    },
    async ({ do: perform, model }) => {
      expect(await perform('analyze', { model, ignore: [] })).toEqual({
        macs: 100,
        params: 10,
        parts: [{ name: 'conv', technique: 'spatial-svd' }],
        notes: ['n'],
      });
      expect((await perform('analyze', { model, ignore: ['conv'] })).parts).toEqual([]);
    },
  ));

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
