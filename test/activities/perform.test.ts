import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { failureOf, retryDelay } from '../../activities/failures';
import { none } from '../../activities/setbacks';
import { EngineError } from '../../engine/errors';
import { compute, computedBy, optimal, methodOf, provenance } from '../support/method';
import { atWork, silent } from '../support/workplace';

describe('an activity', () => {
  it('is done once: the same request again takes the result that is known', () =>
    atWork(
      { evaluate: () => ({ value: 97.5, samples: 10 }) },
      async ({ do: perform, calls, model, split }) => {
        const request = { model, data: split, metric: 'top1', compute } as const;
        expect(await perform('evaluate', request)).toEqual({ value: 97.5, samples: 10 });
        expect(await perform('evaluate', request)).toEqual({ value: 97.5, samples: 10 });
        expect(calls).toHaveLength(1);
        await perform('evaluate', { ...request, data: { ...split, range: [0, 2] } });
        expect(calls).toHaveLength(2);
      },
    ));

  it('is done again when an artifact of its result is corrupt', () =>
    atWork(
      {
        compress: ({ out }) => {
          writeFileSync(out, 'compressed');
          return {
            achieved: 0.5,
            macs: 5,
            params: 1,
            plan: [],
            multiplicity: 1,
            notes: [],
            computedBy,
            provenance,
          };
        },
      },
      async ({ do: perform, calls, model, split, store }) => {
        const request = {
          model,
          method: methodOf('spatial-svd'),
          selection: optimal,
          target: 0.5,
          scores: await store.putJson([]),
          train: split,
          reconstruction: { samples: 1, patches: 1, seed: 0 },
          compute,
        } as const;
        const made = await perform('compress', request);
        writeFileSync(new URL(made.model.uri), 'spoiled!!!');
        expect(await perform('compress', request)).toEqual(made);
        expect(calls).toHaveLength(2);
      },
    ));

  it('heartbeats on its own while a job says nothing', () => {
    let beaten = () => {};
    const beat = new Promise<void>((resolve) => (beaten = resolve));
    return atWork(
      { evaluate: () => beat.then(() => ({ value: 1, samples: 1 })) },
      async ({ do: perform, model, split }) => {
        const environment = new MockActivityEnvironment({}, { logger: silent });
        environment.on('heartbeat', beaten);
        const evaluation = await perform(
          'evaluate',
          { model, data: split, metric: 'top1', compute },
          environment,
        );
        expect(evaluation.value).toBe(1);
      },
    );
  });

  it('tells of progress, and stops its job when it is cancelled', () =>
    atWork(
      {
        evaluate: (_, { signal, onProgress }) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new EngineError('Cancelled', 'stopped')));
            onProgress?.({ done: 1, total: 2, note: 'half' });
          }),
      },
      async ({ do: perform, model, split, store }) => {
        const environment = new MockActivityEnvironment({}, { logger: silent });
        environment.on('heartbeat', (details: unknown) => {
          expect(details).toEqual({ done: 1, total: 2, note: 'half' });
          environment.cancel();
        });
        const work = perform('evaluate', { model, data: split, metric: 'top1', compute }, environment);
        await expect(work).rejects.toBeInstanceOf(CancelledFailure);
        expect(readdirSync(store.root)).not.toContain('results');
      },
    ));

  it('leaves no scratch folder when it fails', () =>
    atWork(
      {
        scoreLayer: ({ factors }) => {
          writeFileSync(factors!, 'half');
          throw new EngineError('UnsupportedModel', 'no');
        },
      },
      async ({ do: perform, model, split, store }) => {
        const work = perform('scoreLayer', {
          model,
          method: methodOf('spatial-svd'),
          layer: 'c1',
          candidates: [0.5],
          samples: 10,
          evaluate: split,
          train: split,
          reconstruction: { samples: 1, patches: 1, seed: 0 },
          metric: 'top1',
          compute,
        });
        await expect(work).rejects.toMatchObject({ type: 'UnsupportedModel', nonRetryable: true });
        expect(readdirSync(join(store.root, 'scratch'))).toEqual([]);
      },
    ));
});

describe('the failure that Temporal is told', () => {
  it.each([
    [new EngineError('Diverged', 'm'), 'Diverged'],
    [new TypeError('m'), 'Bug'],
  ])('of %s is of type %s and final', (error, type) => {
    expect(failureOf(error)).toBeInstanceOf(ApplicationFailure);
    expect(failureOf(error)).toMatchObject({ type, nonRetryable: true });
  });

  it('of anything else is retried, after a while that is drawn by the work', () => {
    const failure = failureOf(new Error('disk full'), { key: 'k', attempt: 3, setbacks: none });
    expect(failure).toMatchObject({ type: 'Unforeseen', message: 'disk full', nonRetryable: false });
    expect((failure as ApplicationFailure).nextRetryDelay).toBe(retryDelay({ key: 'k', attempt: 3 }));
  });
});
