import { readFileSync, writeFileSync } from 'node:fs';

import type { ScoredLayer } from '../../contract/activities';
import { compute, computedBy, optimal, methodOf, provenance } from '../support/method';
import { atWork } from '../support/workplace';

const scores = [{ ratio: 0.5, units: 4, score: 90, error: 0.1 }];

it('scores and factors travel from scoreLayer over collectScores to compress', () =>
  atWork(
    {
      scoreLayer: ({ factors, layer, method: { technique }, machinery, evaluate, samples }) => {
        if ('random' in evaluate) throw new Error('the split was lost');
        expect([machinery, samples, evaluate.range]).toEqual([{ ...compute, threads: 2 }, 10, [0, 1]]);
        expect(readFileSync(evaluate.images, 'utf8')).toBe('images');
        if (factors) writeFileSync(factors, `factors of ${layer}`);
        return { layer, technique, scores, provenance };
      },
      compress: ({ factors, scores: given, out }) => {
        expect(given).toEqual([
          { layer: 'c1', technique: 'spatial-svd', scores, provenance },
          { layer: 'c2', technique: 'spatial-svd', scores, provenance },
        ]);
        expect(readFileSync(factors!.c2, 'utf8')).toBe('factors of c2');
        writeFileSync(out, 'compressed');
        return {
          achieved: 0.5,
          macs: 50,
          params: 5,
          plan: [],
          multiplicity: 1,
          notes: ['n'],
          shortfall: 's',
          computedBy,
          provenance,
        };
      },
    },
    async ({ do: perform, store, model, split }) => {
      const shared = {
        model,
        method: methodOf('spatial-svd'),
        train: split,
        reconstruction: { samples: 1, patches: 1, seed: 0 },
        compute,
      } as const;
      const score = (layer: string) =>
        perform('scoreLayer', {
          ...shared,
          layer,
          candidates: [0.5],
          samples: 10,
          evaluate: split,
          metric: 'top1',
        });
      const layers = [await score('c1'), await score('c2')];
      expect(layers[0].scores).toEqual(scores);
      const all = await perform('collectScores', { layers: layers.map(({ artifact }) => artifact) });
      expect((await store.json<ScoredLayer[]>(all)).map(({ layer }) => layer)).toEqual(['c1', 'c2']);
      const made = await perform('compress', { ...shared, selection: optimal, target: 0.5, scores: all });
      expect(made).toMatchObject({ macs: 50, params: 5, shortfall: 's', notes: ['n'] });
      expect(readFileSync(await store.path(made.model), 'utf8')).toBe('compressed');
    },
  ));

it('pruning has no factors', () =>
  atWork(
    { scoreLayer: ({ layer, method: { technique } }) => ({ layer, technique, scores, provenance }) },
    async ({ do: perform, model, split }) => {
      const scoring = await perform('scoreLayer', {
        model,
        method: methodOf('channel-pruning'),
        layer: 'c1',
        candidates: [0.5],
        samples: 10,
        evaluate: split,
        train: split,
        reconstruction: { samples: 1, patches: 1, seed: 0 },
        metric: 'top1',
        compute,
      });
      expect(scoring).toMatchObject({ scores, factors: undefined });
    },
  ));
