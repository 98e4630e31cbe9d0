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
