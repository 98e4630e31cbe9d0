import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';

import { activitiesAt } from '../../activities';
import type { Activities } from '../../contract/activities';
import { failureTypes } from '../../contract/failure-types';
import { FileStore } from '../../store/file-store';
import { fakePool } from './fake-pool';
import { HostileJson } from './hostile-json';
import { compute, computedBy, methodOf, optimal, provenance } from './method';
import { silent } from './workplace';

/** Counts of requests, by how they ended: `done`, or the type of the failure. */
export type Outcomes = Readonly<Record<string, number>>;

/** Fields of jobs that hold names of layers and values, which may look like paths. */
const nameFields = ['ignore', 'layer', 'features'];

/** Ways in which a request may end: it is carried out, refused, or names something that the store does not have. */
const fine: readonly string[] = [
  failureTypes.InvalidRequest,
  failureTypes.WrongAnswer,
  failureTypes.ArtifactMissing,
  failureTypes.ArtifactCorrupt,
];

/** Further ways for the one that names files by paths: they are elsewhere than this worker imports from, or not there. */
const fineFor: Readonly<Partial<Record<keyof Activities, readonly string[]>>> = {
  importSpec: [failureTypes.InvalidSettings, failureTypes.InvalidData],
};

const fineTuning = {
  epochs: 1,
  learningRate: 0.01,
  batch: 10,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 0,
  seed: 0,
  schedule: 'one-cycle',
} as const;

/**
 * Sends random and mutated requests to all activities, whose jobs do nothing but look at the paths they are given.
 * @param folder of the test's own, in which the store is made
 * @throws Error with the request, if one fails in an unforeseen way, or a job is given a path outside the store
 */
export async function attackActivities(folder: string, count: number, seed: number): Promise<Outcomes> {
  const root = join(folder, 'store');
  const store = new FileStore(root);
  const outside: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value === 'string') {
      const way = relative(root, value);
      if (isAbsolute(value) && (way.startsWith('..') || isAbsolute(way))) outside.push(value);
    } else if (typeof value === 'object' && value !== null)
      for (const [field, inner] of Object.entries(value)) if (!nameFields.includes(field)) look(inner);
  };
  const looking =
    <Input, Output>(answer: (input: Input) => Output) =>
    (input: Input) => {
      look(input);
      return answer(input);
    };
  const written = ({ out }: { out: string }) => writeFileSync(out, 'model');
  const pool = fakePool({
    analyze: looking(() => ({
      inputs: [],
      outputs: [],
      opset: 18,
      macs: 1,
      params: 1,
      layers: [],
      otherWork: [],
      parts: [],
      frozen: [],
      notes: [],
    })),
    evaluate: looking(() => ({ value: 1, samples: 1 })),
    scoreLayer: looking(({ layer, method: { technique } }) => ({ layer, technique, scores: [], provenance })),
    compress: looking((input) => {
      written(input);
      return {
        achieved: 1,
        macs: 1,
        params: 1,
        plan: [],
        multiplicity: 1,
        notes: [],
        computedBy,
        provenance,
      };
    }),
    fineTune: looking((input) => {
      written(input);
      return { steps: 1, resumedAt: 0, losses: [], retries: [], notes: [], provenance };
    }),
    gather: looking(({ model, data = {} }) => ({
      weights: [],
      files: [model],
      data: Object.fromEntries(
        Object.entries(data).map(([name, { images, labels }]) => [
          name,
          { images: images as string, labels },
        ]),
      ),
    })),
    trialModels: looking(({ units, folder }: { units: readonly number[]; folder: string }) => ({
      files: units.map((one) => {
        const path = join(folder, `${one}.onnx`);
        writeFileSync(path, 'trial');
        return path;
      }),
      provenance,
    })),
    latency: looking(({ models }) => ({ ms: models.map(() => 1), provenance })),
  });
  const activities = activitiesAt({
    store,
    pool,
    threads: 1,
    checkpointSeconds: 1,
    drainMs: 1,
    importFrom: [exportsIn(store)],
    version: 'test',
  }) as unknown as Record<keyof Activities, (request: unknown) => Promise<unknown>>;
  const valid = await validRequests(store);
  const names = Object.keys(valid) as (keyof Activities)[];
  const json = new HostileJson(seed);
  const environment = new MockActivityEnvironment({}, { logger: silent });
  const outcomes: Record<string, number> = {};
  const tell = (what: string) => (outcomes[what] = (outcomes[what] ?? 0) + 1);
  for (let sent = 0; sent < count; sent++) {
    const name = json.pick(names);
    const request = json.pick([true, true, true, false])
      ? json.mutated(valid[name], Object.values(valid))
      : json.value();
    const failed = (why: string, cause?: unknown) =>
      new Error(`${why}: ${name} was asked ${JSON.stringify(request)} (seed ${seed}, number ${sent})`, {
        cause,
      });
    try {
      await environment.run(activities[name], request);
      tell('done');
    } catch (error) {
      const type = error instanceof ApplicationFailure ? error.type : undefined;
      if (!type || ![...fine, ...(fineFor[name] ?? [])].includes(type))
        throw failed((error as Error).message, error);
      tell(type);
    }
    if (outside.length) throw failed(`a job was given ${outside.join(', ')}`);
  }
  return outcomes;
}

const exportsIn = (store: FileStore): string => join(store.where, 'exports');

/** A spec whose files are where the worker imports from. */
function exportedSpec(store: FileStore): object {
  const folder = exportsIn(store);
  mkdirSync(folder, { recursive: true });
  const path = (name: string) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  };
  const array = { images: path('images.npy'), labels: path('labels.npy') };
  return {
    model: path('net.onnx'),
    data: { train: array, evaluate: array, test: array },
    target: 0.5,
    tolerance: 1,
  };
}

/** A request of each activity, whose files are in the store. */
async function validRequests(store: FileStore): Promise<{ readonly [Name in keyof Activities]: unknown }> {
  const model = await store.putBytes('model');
  const images = await store.putBytes('images');
  const data = {
    images,
    labels: images,
    inputs: { mask: images },
    range: [0, 10],
    layout: 'NHWC',
    unknown: 'nan',
    normalize: { scale: 0.1, mean: [0.5], std: [0.5] },
  };
  const layer = { layer: 'c1', technique: 'spatial-svd', scores: [], factors: model };
  const scoredLayer = { ...layer, scores: [{ ratio: 0.5, units: 2, score: 80, error: 0.1 }] };
  const foreign = { activity: 'judge', taskQueue: 'theirs', version: 1, settings: { quick: true } };
  const shared = { model, method: methodOf('spatial-svd'), train: data, compute };
  const reconstruction = { samples: 1, patches: 1, seed: 0 };
  return {
    importSpec: { spec: exportedSpec(store), run: 'run' },
    analyze: { model, ignore: ['c1'], inputSize: [1, 3, 8, 8], cost: 'macs' },
    listParts: {
      technique: 'spatial-svd',
      from: 0,
      most: 10,
      parts: await store.putJson([{ name: 'c1', technique: 'spatial-svd' }]),
    },
    evaluate: { model, data, metric: 'top1', compute },
    lend: { model, data, metric: foreign },
    keepAnswer: { model, data, metric: foreign, answer: { points: 90, details: { seen: 10 } } },
    lendTraining: { model, teacher: model, data, by: foreign },
    keepTraining: {
      model,
      teacher: model,
      data,
      by: foreign,
      answer: { steps: 1, losses: [1], notes: ['n'] },
    },
    scoreLayer: {
      ...shared,
      layer: 'c1',
      candidates: [0.5],
      evaluate: data,
      samples: 10,
      reconstruction,
      metric: 'top1',
    },
    trialModels: { ...shared, layer: 'c1', scored: await store.putJson(scoredLayer), reconstruction },
    keepScores: { scored: await store.putJson(scoredLayer), points: [{ units: 2, points: 90 }] },
    collectScores: { layers: [await store.putJson(layer)], before: await store.putJson([layer]) },
    compress: {
      ...shared,
      selection: optimal,
      target: 0.5,
      reconstruction,
      fineTuneEach: fineTuning,
      teacher: model,
      scores: await store.putJson([layer]),
    },
    fineTune: {
      model,
      data,
      settings: fineTuning,
      compute,
      teacher: model,
      evaluate: { data, metric: 'top1' },
    },
    latency: { models: [model, model], inputSize: { x: [1, 3, 8, 8] }, compute, runs: 3 },
  };
}
