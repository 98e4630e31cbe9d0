import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import type { DatasetSource } from '../../engine/data/source';
import { writeNpy } from '../../engine/data/npy';
import { epochOrder } from '../../engine/training/batches/sample-order';
import { root } from '../docs';

const digits = join(root, 'examples', 'digits');
const [images, labels] = ['images.npy', 'labels.npy'].map((name) => join(digits, 'data', name));

/** The ResNet-20 that reads digits, BatchNorm left in. */
export const resnet = join(digits, 'resnet20-digits.bn.onnx');

/** Rows of each split: first, and the one after the last. */
export const rows = { train: [0, 7000], evaluate: [7000, 8000], test: [8000, 10_000] } as const;

/** The splits of examples/digits. */
export const split = (name: keyof typeof rows): DatasetSource => ({ images, labels, range: rows[name] });

/** Writes the images as NumPy files unless that is done. */
export function prepareDigits(): void {
  execFileSync(process.execPath, [join(digits, 'prepare.mjs')], { stdio: 'inherit' });
}

/** Settings of both sides' training: SGD with one-cycle rates. */
export interface Recipe {
  readonly epochs: number;
  readonly batch: number;
  /** Peak of the cycle. */
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Seed of the order in which images are visited. */
  readonly seed: number;
}

/** The answer of epochs_peer.py. */
export interface PeerTraining {
  readonly losses: readonly number[];
  /** In points, of the evaluation and the test split. */
  readonly accuracies: readonly [evaluate: number, test: number];
}

/**
 * The line for epochs_peer.py that trains `model` as Slimflow would, on the same images in the same order.
 * @param order where to write the order, a `.npy` of [epochs, images].
 * @param steps how many to do of them; all by default.
 */
export function peerJob(
  model: string,
  order: string,
  recipe: Recipe,
  threads: number,
  steps?: number,
): string {
  const [first, end] = rows.train;
  const { epochs, batch, learningRate, momentum, weightDecay, seed } = recipe;
  const visited = Array.from({ length: epochs }, (_, epoch) => [...epochOrder(end - first, seed, epoch)]);
  const data = Int32Array.from(visited.flat(), (row) => first + row);
  writeNpy(order, { type: 'int32', dims: [epochs, end - first], data });
  return JSON.stringify({
    model,
    images,
    labels,
    order,
    batch,
    learningRate,
    momentum,
    weightDecay,
    threads,
    steps: steps ?? null,
    judged: [rows.evaluate, rows.test],
  });
}
