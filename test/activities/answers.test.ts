import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { failureTypes } from '../../contract/failure-types';
import { atWork } from '../support/workplace';

const metric = { activity: 'judge', taskQueue: 'theirs', version: 1 };

describe('activities around one of the user’s', () => {
  it('share files, keep the answer, and do not ask the same twice', () =>
    atWork({}, async ({ do: perform, model, split, store }) => {
      const request = { model, data: split, metric: { ...metric, settings: { iou: 0.5 } } };
      const { question, known } = await perform('lend', request);
      expect(known).toBeUndefined();
      expect(question).toEqual({
        contract: 1,
        model: { path: await store.path(model), sha256: model.sha256, bytes: model.bytes },
        data: {
          images: expect.objectContaining({ path: await store.path(split.images) }) as object,
          labels: expect.objectContaining({ path: await store.path(split.labels!) }) as object,
          range: [0, 1],
        },
        settings: { iou: 0.5 },
      });
      const kept = await perform('keepAnswer', {
        ...request,
        answer: { points: 41.5, samples: 9, standardError: 0.4, details: { classes: [1, 2] } },
      });
      expect(kept).toEqual({ value: 41.5, samples: 9, standardError: 0.4, details: { classes: [1, 2] } });
      expect(await perform('lend', request)).toEqual({ known: kept });
      // It may be asked elsewhere, and more patiently; another version or setting is another question.
      const moved = { ...request, metric: { ...request.metric, taskQueue: 'other', timeout: '9h' } };
      expect(await perform('lend', moved)).toEqual({ known: kept });
      const others = [{ version: 2 }, { settings: {} }, { activity: 'judge2' }];
      for (const other of others) {
        const asked = await perform('lend', { ...request, metric: { ...request.metric, ...other } });
        expect(asked.known).toBeUndefined();
      }
    }));

  it.each([
    [undefined, /judge answered wrongly: the answer is missing/],
    [{ points: 'high' }, /points must be a number/],
    [{ points: null }, /points must be a number/],
    [{ points: 1, score: 2 }, /unknown key score/],
    [{ points: 1, details: [1] }, /details must be a/],
    [97, /the answer must be a mapping/],
  ])('refuse an answer of %j', (answer, message) =>
    atWork({}, async ({ do: perform, model, split }) => {
      const failure = perform('keepAnswer', { model, data: split, metric, answer });
      await expect(failure).rejects.toMatchObject({
        type: failureTypes.WrongAnswer,
        nonRetryable: true,
        message: expect.stringMatching(message) as string,
      });
    }),
  );

  describe('that trains', () => {
    const by = { activity: 'train', taskQueue: 'theirs', version: 1 };
    const summary = {
      inputs: [{ name: 'x', shape: ['batch', 3] }],
      outputs: [{ name: 'y', shape: ['batch', 4] }],
      opset: 18,
      macs: 100,
      params: 10,
      layers: [],
      parts: [],
      frozen: [],
      otherWork: [],
      notes: [],
    };
    /** Trains in place of the user's activity: `made` is what becomes of the model. */
    const trained = (made: object, answer: unknown, put = true) =>
      new Promise<unknown>((resolve, reject) => {
        let asked = 0;
        atWork({ analyze: () => ({ ...summary, ...(asked++ ? made : {}) }) }, async (place) => {
          const { do: perform, model, split, store } = place;
          const request = { model, teacher: model, data: split, by };
          const { question } = await perform('lendTraining', request);
          const { out } = question!;
          if (put && 'path' in out) writeFileSync(out.path, 'trained');
          const kept = await perform('keepTraining', { ...request, answer });
          expect(readFileSync(await store.path(kept.model), 'utf8')).toBe('trained');
          expect(await perform('lendTraining', request)).toEqual({ known: kept });
          expect(existsSync((out as { path: string }).path)).toBe(false);
          resolve(kept);
        }).catch(reject);
      });

    it('give it a place, compare what it made, and keep that', async () => {
      expect(await trained({ params: 8 }, { steps: 5, losses: [2, 1], notes: ['n'] })).toMatchObject({
        steps: 5,
        losses: [2, 1],
        params: 8,
        notes: ['n'],
        provenance: { device: 'activity train, version 1' },
      });
    });

    it.each([
      [{ macs: 90 }, {}, true, /another model: it has 90 MACs instead of 100/],
      [{ outputs: [{ name: 'z', shape: ['batch', 4] }] }, {}, true, /its outputs are z instead of y/],
      [
        { outputs: [{ name: 'y', shape: ['batch', 5] }] },
        {},
        true,
        /y is \[batch, 5\] instead of \[batch, 4\]/,
      ],
      [{}, {}, false, /no model into its place/],
      [{}, { steps: -1 }, true, /answered wrongly: steps/],
    ])('refuse a model of %j with answer %j', async (made, answer, put, message) => {
      await expect(trained(made, answer, put)).rejects.toMatchObject({
        type: failureTypes.WrongAnswer,
        message: expect.stringMatching(message) as string,
      });
    });
  });

  it('run a user’s module only if that is allowed', () =>
    atWork({ evaluate: () => ({ value: 1, samples: 1 }) }, async ({ do: perform, model, split, store }) => {
      const module = await store.putBytes('export default class {}');
      const request = {
        model,
        data: split,
        metric: { module },
        compute: { provider: 'cpu', linearAlgebra: 'auto' },
      } as const;
      await expect(perform('evaluate', request)).rejects.toMatchObject({
        type: failureTypes.InvalidSettings,
        message: expect.stringContaining('--allow-modules') as string,
      });
    }));
});
