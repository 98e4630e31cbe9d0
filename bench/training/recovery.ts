/**
 * Measures what fine-tuning restores of a model that spatial SVD made much smaller: AIMET's, fine-tuned in PyTorch,
 * beside Slimflow's of the same MACs, fine-tuned here; on the digits ResNet-20.
 *
 *     npm run bench:recovery -- --aimet AIMET.onnx --ours OURS.onnx [--folded OURS.onnx] [--epochs 2,4]
 *       [--rates 0.01,0.02,0.05] [--seeds 0,1,2] [--threads 1] [--folder .slimflow/recovery]
 *
 * The first two have BatchNorm left in (`aimet_peer.py --preserve` writes AIMET's), `--folded` is one without, which
 * `batchNorm: restore` trains. Needs a Python with torch and onnx, named by PYTHON. The peak learning rate of each way
 * is the best of `--rates` on the evaluation split, by the first seed and the first number of epochs. Prints, one line
 * per way, the mean accuracy over the seeds on the evaluation and the test split.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { Dataset } from '../../engine/data/dataset';
import { openModel } from '../../engine/onnx/open-model';
import { evaluate } from '../../engine/runtime/measure-metric';
import type { TrainingSettings } from '../../engine/training/settings';
import { train } from '../../engine/training/trainer';
import { peerJob, type PeerTraining, prepareDigits, type Recipe, resnet, split } from './digits';
import { Peer, python, script } from './peer';

const { values: options } = parseArgs({
  options: {
    aimet: { type: 'string' },
    ours: { type: 'string' },
    folded: { type: 'string' },
    epochs: { type: 'string', default: '2,4' },
    rates: { type: 'string', default: '0.01,0.02,0.05' },
    seeds: { type: 'string', default: '0,1,2' },
    threads: { type: 'string', default: '1' },
    folder: { type: 'string', default: join('.slimflow', 'recovery') },
  },
});
const numbers = (list: string) => list.split(',').map(Number);
const threads = Number(options.threads);
const folder = resolve(options.folder);
const quiet = { report: () => undefined, checkStop: () => undefined };

/** In points, of the evaluation and the test split. */
type Accuracies = PeerTraining['accuracies'];
/** Trains by a recipe and judges what comes out. */
type Way = (recipe: Recipe) => Promise<Accuracies>;

const opened = new Map<string, Dataset>();
function data(name: 'train' | 'evaluate' | 'test'): Dataset {
  if (!opened.has(name)) opened.set(name, Dataset.open(split(name)));
  return opened.get(name)!;
}

const judge = async (graph: ReturnType<typeof openModel>): Promise<Accuracies> => {
  const accuracy = (name: 'evaluate' | 'test') =>
    evaluate(graph, data(name), { metric: 'top1', threads, provider: 'cpu' });
  return [await accuracy('evaluate'), await accuracy('test')];
};

/** Our trainings of a model: by labels, or only by the original if `taught`. */
function ours(model: string, changes: Partial<TrainingSettings> = {}, taught = false): Way {
  return async (recipe) => {
    const { graph, notes } = await train(openModel(model), data('train'), {
      settings: { ...recipe, optimizer: 'sgd', schedule: 'one-cycle', ...changes },
      threads,
      checkpoints: join(folder, 'checkpoints'),
      checkpointSeconds: Infinity,
      monitor: quiet,
      sources: split('train'),
      teacher: taught ? openModel(resnet) : undefined,
    });
    notes.forEach((note) => console.log(`  ${note}`));
    return judge(graph);
  };
}

const theirs =
  (model: string, peer: Peer): Way =>
  async (recipe) =>
    (await peer.ask<PeerTraining>(peerJob(model, join(folder, 'order.npy'), recipe, threads))).accuracies;

const points = ([validation, test]: Accuracies) => `${validation.toFixed(2)} / ${test.toFixed(2)} %`;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

async function measure(name: string, way: Way, rates: readonly number[]): Promise<number> {
  const [epochs, seeds] = [numbers(options.epochs), numbers(options.seeds)];
  const recipe = (learningRate: number, count: number, seed: number): Recipe => ({
    epochs: count,
    batch: 64,
    learningRate,
    seed,
    momentum: 0.9,
    weightDecay: 5e-4,
  });
  const tried: [rate: number, found: Accuracies][] = [];
  for (const rate of rates) {
    tried.push([rate, await way(recipe(rate, epochs[0], seeds[0]))]);
    console.log(`${name}: ${epochs[0]} epochs at ${rate}, seed ${seeds[0]}: ${points(tried.at(-1)![1])}`);
  }
  const [best, first] = tried.reduce((a, b) => (b[1][0] > a[1][0] ? b : a));
  for (const count of epochs) {
    const found: Accuracies[] = [];
    for (const seed of seeds) {
      const known = count === epochs[0] && seed === seeds[0];
      found.push(known ? first : await way(recipe(best, count, seed)));
    }
    const means = [0, 1].map((at) => mean(found.map((one) => one[at]))) as [number, number];
    console.log(`${name}: ${count} epochs at ${best}: ${points(means)}, of ${found.map(points).join('; ')}`);
  }
  return best;
}

async function main(): Promise<void> {
  const { aimet, ours: own, folded } = options;
  if (!aimet || !own) throw new Error('name both models: --aimet AIMET.onnx --ours OURS.onnx');
  mkdirSync(folder, { recursive: true });
  prepareDigits();
  const peer = new Peer(python, [script('epochs_peer.py')]);
  const rates = numbers(options.rates);
  try {
    for (const model of [resnet, aimet, own, ...(folded ? [folded] : [])])
      console.log(`${model}: ${points(await judge(openModel(model)))}`);
    const [, rate] = await Promise.all([
      measure('AIMET, PyTorch', theirs(aimet, peer), rates),
      measure('Slimflow', ours(own), rates),
    ]);
    await measure('Slimflow, taught by the original, no labels', ours(own, { distillation: {} }, true), [
      rate,
    ]);
    if (folded) await measure('Slimflow, folded, restore', ours(folded, { batchNorm: 'restore' }), [0.02]);
  } finally {
    peer.end();
    opened.forEach((one) => one.close());
  }
}

void main();
