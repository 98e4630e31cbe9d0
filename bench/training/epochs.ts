/**
 * Trains the digits ResNet-20 for ten epochs, from random weights or those of a model, here and in PyTorch, with the
 * same initial weights, order of images and settings.
 *
 *     npm run bench:parity -- [--seeds 0,1,2,3,4] [--epochs 10] [--threads 1] [--folder .slimflow/parity]
 *                         [--start MODEL.onnx] [--rate 0.05]
 *
 * Needs a Python with torch and onnx, named by PYTHON; the two sides run at once. Prints, one line per seed, how far
 * apart the losses are through the first 100 steps (largest relative difference; next to it that of PyTorch on one more
 * thread), and both test accuracies; then their means. Writes every loss to losses-SEED.json in the folder.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { trainModel } from '../../engine/api/train-model';
import { saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { initialized } from '../../engine/training/parameters/initialize';
import { peerJob, type PeerTraining, prepareDigits, type Recipe, resnet, split } from './digits';
import { Peer, python, script } from './peer';

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2,3,4' },
    epochs: { type: 'string', default: '10' },
    threads: { type: 'string', default: '1' },
    folder: { type: 'string', default: join('.slimflow', 'parity') },
    start: { type: 'string' },
    rate: { type: 'string', default: '0.05' },
  },
});
const compared = 100;

/** The largest relative difference of the first `steps` losses. */
const apart = (a: readonly number[], b: readonly number[], steps: number): number =>
  Math.max(...a.slice(0, steps).map((loss, at) => Math.abs(loss - b[at]) / b[at]));

/** The step, from 1, of the first loss that is more than a thousandth off; undefined if none is. */
function firstApart(a: readonly number[], b: readonly number[]): number | undefined {
  const at = a.findIndex((loss, step) => apart([loss], [b[step]], 1) > 1e-3);
  return at < 0 ? undefined : at + 1;
}

async function compare(seed: number, folder: string, peers: readonly Peer[]): Promise<[number, number]> {
  const recipe: Recipe = {
    epochs: Number(options.epochs),
    batch: 64,
    seed,
    learningRate: Number(options.rate),
    momentum: 0.9,
    weightDecay: 5e-4,
  };
  const threads = Number(options.threads);
  const begun = options.start ?? join(folder, `begun-${seed}.onnx`);
  const order = join(folder, `order-${seed}.npy`);
  if (options.start === undefined)
    saveModel((await initialized(openModel(resnet), { data: [1, 28, 28], seed })).graph, begun);
  const job = (used: number, steps?: number) => peerJob(begun, order, recipe, used, steps);
  const [ours, theirs] = await Promise.all([
    trainModel({
      model: begun,
      out: join(folder, `trained-${seed}.onnx`),
      threads,
      data: { train: split('train'), test: split('test') },
      settings: { ...recipe, optimizer: 'sgd', schedule: 'one-cycle' },
    }),
    peers[0].ask<PeerTraining>(job(threads)),
  ]);
  const again = await peers[1].ask<PeerTraining>(job(threads + 1, compared));
  const { losses } = ours.curve;
  const [first, itself] = [firstApart(losses, theirs.losses), firstApart(again.losses, theirs.losses)];
  const test = theirs.accuracies[1];
  console.log(
    `seed ${seed}: losses of ${compared} steps within ${apart(losses, theirs.losses, compared).toExponential(1)}` +
      ` (10 steps ${apart(losses, theirs.losses, 10).toExponential(1)}, beyond 1e-3 at step ${first ?? 'none'});` +
      ` PyTorch on ${threads + 1} threads ${apart(again.losses, theirs.losses, compared).toExponential(1)}` +
      ` (10 steps ${apart(again.losses, theirs.losses, 10).toExponential(1)}, at step ${itself ?? 'none'});` +
      ` test ${ours.test!.toFixed(2)} and ${test.toFixed(2)} %; ${ours.warnings.join(' ')}`,
  );
  const all = { ours: losses, theirs: theirs.losses, again: again.losses };
  writeFileSync(join(folder, `losses-${seed}.json`), JSON.stringify(all));
  return [ours.test!, test];
}

async function main(): Promise<void> {
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  prepareDigits();
  const peers = [1, 2].map(() => new Peer(python, [script('epochs_peer.py')]));
  const tests: [number, number][] = [];
  try {
    for (const seed of options.seeds.split(',').map(Number)) tests.push(await compare(seed, folder, peers));
  } finally {
    peers.forEach((peer) => peer.end());
  }
  const mean = (side: 0 | 1) => (tests.reduce((sum, pair) => sum + pair[side], 0) / tests.length).toFixed(2);
  console.log(`means of ${tests.length} seeds: ours ${mean(0)} %, PyTorch ${mean(1)} %`);
}

void main();
