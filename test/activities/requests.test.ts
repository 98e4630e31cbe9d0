import { defaultPayloadConverter } from '@temporalio/common';

import { checkedRequest } from '../../activities/requests';
import type { Activities } from '../../contract/activities';
import { attackActivities } from '../support/attacked-activities';
import { inFolder } from '../support/folder';
import { example, read, recorded } from '../support/histories/files';
import { compute, methodOf, optimal } from '../support/method';
import { atWork } from '../support/workplace';

it('every request that a recorded run has sent is taken as it is', () => {
  let count = 0;
  for (const version of recorded().filter((of) => of !== example))
    for (const { history } of read(version))
      for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? []) {
        if (!scheduled) continue;
        const request = defaultPayloadConverter.fromPayload(scheduled.input!.payloads![0]);
        // Taken unchanged: the key under which its result is stored stays the same.
        expect(checkedRequest(scheduled.activityType!.name as keyof Activities, request)).toEqual(request);
        count++;
      }
  expect(count).toBeGreaterThan(100);
});

describe('a request is refused that', () => {
  const reconstruction = { samples: 20, patches: 2, seed: 0 };
  const settings = {
    epochs: 0.05,
    learningRate: 0.002,
    batch: 64,
    optimizer: 'sgd',
    momentum: 0.9,
    weightDecay: 0,
    seed: 0,
    schedule: 'one-cycle',
  };
  const checkpointing = { checkpoints: '/tmp/outside', checkpointSeconds: 0, resume: '/etc/passwd' };
  const away = { uri: 'file:///x', sha256: '../../../../../etc/passwd', bytes: 0 };

  it.each<[string, keyof Activities, (refs: { model: object; split: object }) => unknown, RegExp]>([
    [
      'names data by paths',
      'analyze',
      ({ model }) => ({ model, data: [{ images: '/etc/secret.npy', labels: '/etc/secret.npy' }] }),
      /the request of analyze: unknown key data/,
    ],
    [
      'names images by a path',
      'analyze',
      ({ model }) => ({ model, images: { images: '/x' } }),
      /unknown key images/,
    ],
    [
      'says where checkpoints are written',
      'compress',
      ({ model, split }) => ({
        model,
        method: methodOf('channel-pruning'),
        selection: optimal,
        target: 0.5,
        scores: model,
        train: split,
        reconstruction,
        compute,
        fineTuneEach: settings,
        checkpointing,
      }),
      /the request of compress: unknown key checkpointing/,
    ],
    [
      'says where a checkpoint is, among the settings',
      'fineTune',
      ({ model, split }) => ({ model, data: split, settings: { ...settings, ...checkpointing }, compute }),
      /unknown keys settings.checkpoints, settings.checkpointSeconds, settings.resume/,
    ],
    [
      'names files of its own for a layer',
      'scoreLayer',
      ({ model, split }) => ({
        model,
        method: methodOf('spatial-svd'),
        layer: 'c1',
        candidates: [0.5],
        evaluate: split,
        samples: 1,
        train: split,
        reconstruction,
        metric: 'top1',
        compute,
        factors: '/tmp/x',
      }),
      /unknown key factors/,
    ],
    [
      'names a folder above',
      'evaluate',
      ({ split }) => ({ model: away, data: split, metric: 'top1', compute }),
      /model.sha256/,
    ],
    [
      'names an artifact by a number',
      'evaluate',
      ({ model, split }) => ({ model: { ...model, sha256: 5 }, data: split, metric: 'top1', compute }),
      /model.sha256 must be a string/,
    ],
    [
      'has a path for the key of work',
      'evaluate',
      ({ model, split }) => ({ model: { ...model, work: '../x' }, data: split, metric: 'top1', compute }),
      /model.work is not a key of work/,
    ],
    ['is nothing', 'latency', () => undefined, /the whole is missing/],
    ['is null', 'latency', () => null, /the whole must be a mapping/],
    ['is empty', 'latency', () => ({}), /models is missing/],
    [
      'has a field with a name that rings',
      'latency',
      ({ model }) => ({ models: [model], compute, runs: 1, '\u001b]0;owned\u0007': 1 }),
      /unknown key \\u001b\]0;owned\\u0007$/,
    ],
  ])('%s', (_, name, request, message) =>
    atWork({}, async ({ do: perform, calls, ...refs }) => {
      await expect(perform(name, request(refs) as never)).rejects.toMatchObject({
        type: 'InvalidRequest',
        nonRetryable: true,
        message: expect.stringMatching(message) as string,
      });
      expect(calls).toEqual([]);
    }),
  );

  it('names some other artifact for parts, scores or layers', () =>
    atWork({}, async ({ do: perform, store, model, split }) => {
      const secret = await store.putJson({ user: 'ada', password: 'x' });
      const refused = {
        type: 'InvalidRequest',
        message: expect.stringContaining('which is something else') as string,
      };
      await expect(
        perform('listParts', { parts: secret, technique: 'spatial-svd', from: 0, most: 1 }),
      ).rejects.toMatchObject(refused);
      await expect(perform('collectScores', { layers: [secret] })).rejects.toMatchObject(refused);
      await expect(perform('collectScores', { before: model, layers: [] })).rejects.toMatchObject(refused);
      const method = methodOf('spatial-svd');
      await expect(
        perform('compress', {
          model,
          method,
          selection: optimal,
          target: 0.5,
          scores: secret,
          train: split,
          reconstruction,
          compute,
        }),
      ).rejects.toMatchObject(refused);
    }));
});

// `npm run attack:requests` sends 100,000, and watches the files that are opened.
it('random and mutated requests are carried out or refused, and lead to no file outside the store', () =>
  inFolder(async (folder) => {
    const outcomes = await attackActivities(folder, 2000, 20261130);
    for (const outcome of ['done', 'InvalidRequest', 'ArtifactMissing'])
      expect(outcomes[outcome]).toBeGreaterThan(0);
  }));
