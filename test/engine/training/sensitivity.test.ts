import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { writeNpy } from '../../../engine/data/npy';
import { loadModel } from '../../../engine/onnx/model';
import { readTensors } from '../../../engine/tensor/safetensors';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { eachGradient, type SensitivityOptions } from '../../../engine/training/sensitivity';
import { digits, distance, floatsOf, root } from './support';

const example = (name: string) => loadModel(join(root, 'examples', 'digits', `${name}.onnx`));
const goldens = readTensors(join(root, 'test', 'golden', 'training', 'sensitivities.safetensors')).tensors;
const options: SensitivityOptions = {
  samples: 40,
  batch: 16,
  seed: 0,
  labels: true,
  threads: 1,
  sources: { images: 'images.npy', labels: 'labels.npy' },
};

/** Σ w·g over all axes but one. */
function products({ dims, data }: FloatTensor, gradient: FloatTensor, axis: number): Float64Array {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const sums = new Float64Array(dims[axis]);
  data.forEach((value, at) => (sums[Math.floor(at / inner) % dims[axis]] += value * gradient.data[at]));
  return sums;
}

describe('sensitivities', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sensitivity-'));
  const source = { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy') };
  let data: Dataset;

  beforeAll(() => {
    const all = digits();
    const images = all.images.slice(0, 40 * 784);
    writeNpy(source.images, { type: 'float32', dims: [40, 1, 28, 28], data: images });
    writeNpy(source.labels, { type: 'int32', dims: [40], data: Int32Array.from(all.labels.subarray(0, 40)) });
    data = Dataset.open(source);
  });
  afterAll(() => {
    data.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['resnet20-digits', 'labels'],
    ['resnet20-digits', 'classes'],
    ['resnet20-digits.bn', 'labels'],
    ['resnet20-digits.bn', 'classes'],
  ])('mean gradients and Taylor importance of %s by its %s equal PyTorch', async (name, by) => {
    const keys = [...goldens.keys()].filter((key) => key.startsWith(`${name} ${by}|`));
    const golden = (weight: string, part: string) => floatsOf(goldens.get(`${name} ${by}|${weight}|${part}`));
    const weights = [...new Set(keys.map((key) => key.split('|')[1]))];
    expect(weights.length).toBe(3);
    const graph = example(name);
    const settings = { ...options, labels: by === 'labels' };
    const means = new Map(
      weights.map((weight) => [weight, new Float32Array(golden(weight, 'gradient').length)]),
    );
    const squares = new Map<string, Float64Array>();
    let batches = 0;
    await eachGradient(graph, data, weights, settings, (gradients, size) => {
      batches++;
      for (const [weight, gradient] of gradients) {
        gradient.data.forEach((value, at) => (means.get(weight)![at] += (value * size) / data.length));
        for (const axis of [0, 1]) {
          const own = products(graph.constant(weight) as FloatTensor, gradient, axis);
          const sums = squares.get(`${weight} ${axis}`) ?? new Float64Array(own.length);
          own.forEach((value, at) => (sums[at] += value ** 2));
          squares.set(`${weight} ${axis}`, sums);
        }
      }
    });
    for (const weight of weights) {
      expect(distance(means.get(weight)!, golden(weight, 'gradient'))).toBeLessThan(1e-3);
      for (const axis of [0, 1]) {
        const importance = squares.get(`${weight} ${axis}`)!.map((sum) => sum / batches);
        expect(distance(importance, golden(weight, `axis ${axis}`))).toBeLessThan(2e-3);
      }
    }
  });

  test('every sample is seen once, batch by batch', async () => {
    const sizes: number[] = [];
    const graph = example('resnet20-digits');
    const weight = graph.nodes.find(({ opType }) => opType === 'Conv')!.input[1];
    await eachGradient(graph, data, [weight], { ...options, samples: 20 }, (gradients, size) => {
      expect(gradients.get(weight)!.dims).toEqual([16, 1, 3, 3]);
      sizes.push(size);
    });
    expect(sizes).toEqual([16, 4]);
  });

  test('an operator without a gradient, and a name that is no weight, are named', async () => {
    const graph = example('resnet20-digits');
    await expect(eachGradient(graph, data, ['nothing'], options, () => undefined)).rejects.toThrow(
      /nothing is not a float32 constant/,
    );
    const [conv] = graph.nodes.filter(({ opType }) => opType === 'Conv');
    graph.nodes.find(({ opType }) => opType === 'Relu')!.opType = 'Hardmax';
    await expect(eachGradient(graph, data, [conv.input[1]], options, () => undefined)).rejects.toThrow(
      /Relu.*no gradient.*Hardmax/,
    );
  });
});
