import { readFileSync } from 'node:fs';

import { ApplicationFailure } from '@temporalio/common';

import { checkedRequest, requests } from '../../../activities/requests';
import { FineTuneFields } from '../../../run-spec/fine-tune-schema';
import { mutateJsonFile } from '../mutators/text';
import { commonSeeds } from '../seeds';
import { type Room, type Target, Violation } from '../target';

type Name = keyof typeof requests;

const artifact = { uri: 'file:///store/objects/ab/ab', sha256: 'ab'.repeat(32), bytes: 10 };
const data = { images: artifact, labels: artifact, range: [0, 10], normalize: { scale: 0.1, mean: [0.5] } };
const compute = { provider: 'cpu', linearAlgebra: 'auto' };
const method = {
  technique: 'spatial-svd',
  cost: 'macs',
  score: 'metric',
  multiplicity: 1,
  minimum: 1,
  importance: 'l2',
  coupled: true,
  ignore: ['fc'],
  inputSize: [1, 3, 8, 8],
};
const reconstruction = { samples: 10, patches: 10, seed: 1 };
const selection = { mode: 'optimal', monotonic: false, ratios: { c1: 0.5 }, channels: { c2: [1, 2] } };
const settings = FineTuneFields.omit({ perLayer: true }).parse({ epochs: 1, learningRate: 0.01 });

/** A valid request of each activity, as JSON with the activity's name. */
const valid: Readonly<Record<string, object>> = {
  analyze: { model: artifact, ignore: [], cost: 'macs' },
  listParts: { parts: artifact, technique: 'weight-svd', from: 0, most: 10 },
  evaluate: { model: artifact, data, metric: 'top1', compute },
  scoreLayer: {
    model: artifact,
    method,
    layer: 'c1',
    candidates: [0.5],
    evaluate: data,
    samples: 10,
    train: data,
    reconstruction,
    metric: 'top1',
    compute,
  },
  collectScores: { before: artifact, layers: [artifact] },
  compress: {
    model: artifact,
    method,
    selection,
    target: 0.5,
    scores: artifact,
    train: data,
    reconstruction,
    compute,
    fineTuneEach: settings,
  },
  fineTune: {
    model: artifact,
    data,
    settings,
    compute,
    evaluate: { data, metric: 'top1' },
    teacher: artifact,
  },
  latency: { models: [artifact], compute, runs: 3 },
};

/** Fields whose values jobs take for paths: a request must not set one. */
const paths = /^(checkpoints|resume|out|factors|path|file)$/;

function pathIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (paths.test(key)) return key;
    const found = pathIn(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function run({ file }: Room): string {
  let asked: unknown;
  try {
    asked = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return 'not JSON, which no payload is';
  }
  const [name, request] = Array.isArray(asked) ? (asked as unknown[]) : [undefined, asked];
  const known = (typeof name === 'string' && Object.hasOwn(requests, name) ? name : 'compress') as Name;
  const checked = checkedRequest(known, request);
  const path = pathIn(checked);
  if (path !== undefined) throw new Violation('a request sets a path', `${known}: ${path}`);
  return `${known} accepted`;
}

/** The request of an activity, as anybody who can reach the namespace can send it. */
export const request: Target = {
  name: 'request',
  extension: '.json',
  seeds: () => [
    ...Object.entries(valid).map((entry) => Buffer.from(JSON.stringify(entry))),
    ...commonSeeds('request', '.none'),
  ],
  mutate: mutateJsonFile,
  run,
  isRefusal: (error) => error instanceof ApplicationFailure,
};
