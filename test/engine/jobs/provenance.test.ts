import { create } from '@bufbuild/protobuf';
import { mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { compress } from '../../../engine/jobs/compress';
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import { quiet } from '../../../engine/jobs/job-context';
import { historyOf, metadataOf } from '../../../engine/onnx/metadata';
import { loadModel, saveModel } from '../../../engine/onnx/model';
import { StringStringEntryProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { engineVersion, provenanceOf } from '../../../engine/runtime/provenance';
import { sha256OfFile } from '../../../store/digest';
import { temporaryFolder } from '../../support/folder';
import { machinery, methodOf, optimal } from '../../support/method';
import { root } from '../../support/paths';
import { tinyJob } from '../../support/tiny';

const folder = temporaryFolder();
const files = { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy') };
const original = join(folder, 'model.onnx');

beforeAll(() => {
  tinyJob(folder);
  const graph = loadModel(original);
  graph.model.metadataProps.push(create(StringStringEntryProtoSchema, { key: 'author', value: 'ada' }));
  saveModel(graph, original);
});

const pruned = async (out: string, parent?: string) => {
  const told = await compress(
    {
      model: original,
      parent,
      method: methodOf('channel-pruning'),
      selection: { ...optimal, mode: 'manual', ratios: { c2: 0.5 } },
      scores: [],
      train: { ...files, range: [0, 40] },
      reconstruction: { samples: 20, patches: 10, seed: 0 },
      machinery,
      out,
    },
    quiet,
  );
  return told.provenance;
};

const tuned = async (model: string, out: string) => {
  const checkpoints = `${out}.checkpoints`;
  mkdirSync(checkpoints);
  const told = await fineTuneJob(
    {
      model,
      out,
      checkpoints,
      checkpointSeconds: 3600,
      threads: 1,
      data: { ...files, range: [0, 40] },
      settings: {
        epochs: 1,
        learningRate: 0.01,
        batch: 20,
        optimizer: 'sgd',
        momentum: 0.9,
        weightDecay: 0,
        schedule: 'one-cycle',
        seed: 3,
      },
    },
    quiet,
  );
  return told.provenance;
};

describe('a model that a job made', () => {
  const small = join(folder, 'small.onnx');
  const better = join(folder, 'better.onnx');

  it('tells by what and of what it was made, step by step, beside what its user wrote', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const made = await pruned(small);
    expect(made).toEqual({
      version,
      engine: engineVersion(),
      onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      provider: 'cpu',
      device: cpus()[0].model.trim(),
    });
    const compression = {
      ...made,
      step: 'compress',
      technique: 'channel-pruning',
      cost: 'macs',
      multiplicity: 1,
      'linear.algebra': 'ml-matrix',
      'parent.sha256': await sha256OfFile(original),
    };
    expect(historyOf(loadModel(small))).toEqual([compression]);

    expect(await tuned(small, better)).toEqual(made);
    const training = {
      ...made,
      step: 'fine-tune',
      epochs: 1,
      seed: 3,
      optimizer: 'sgd',
      'parent.sha256': await sha256OfFile(small),
    };
    const graph = loadModel(better);
    expect(historyOf(graph)).toEqual([compression, training]);
    expect(metadataOf(graph)).toMatchObject({
      author: 'ada',
      'slimflow.step': 'fine-tune',
      'slimflow.technique': 'channel-pruning',
      'slimflow.provider': 'cpu',
      'slimflow.parent.sha256': training['parent.sha256'],
    });
  });

  it('comes out the same to the bit when it is made again', async () => {
    const [again, betterAgain] = [join(folder, 'again.onnx'), join(folder, 'better-again.onnx')];
    await pruned(again);
    await tuned(again, betterAgain);
    expect(await sha256OfFile(again)).toBe(await sha256OfFile(small));
    expect(await sha256OfFile(betterAgain)).toBe(await sha256OfFile(better));
  });

  it('names what it is told to be made of, as the store calls it', async () => {
    const path = join(folder, 'named.onnx');
    await pruned(path, 'f00d');
    expect(metadataOf(loadModel(path))['slimflow.parent.sha256']).toBe('f00d');
  });
});

it('a GPU is named by its driver, or as one where there is none to ask', () =>
  expect(provenanceOf('cuda').device).not.toBe(''));
