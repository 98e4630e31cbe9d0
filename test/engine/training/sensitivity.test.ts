import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { writeNpy } from '../../../engine/data/npy';
import { loadModel } from '../../../engine/onnx/model';
import { readTensors } from '../../../engine/tensor/safetensors';
import {
  eachGradient,
  meanGradients,
  type SensitivityOptions,
  taylorImportance,
} from '../../../engine/training/sensitivity';
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
    const gradients = await meanGradients(graph, data, weights, settings);
    const groups = weights.flatMap((weight) =>
      [0, 1].map((axis) => [`${weight} ${axis}`, [{ weight, axis }]] as const),
    );
    const importance = await taylorImportance(graph, data, new Map(groups), settings);
    for (const weight of weights) {
      expect(distance(floatsOf(gradients.get(weight)), golden(weight, 'gradient'))).toBeLessThan(1e-3);
      for (const axis of [0, 1])
        expect(distance(importance.get(`${weight} ${axis}`)!, golden(weight, `axis ${axis}`))).toBeLessThan(
          2e-3,
        );
    }
  });

  test('a group of several weights sums their products before the square', async () => {
    const graph = example('resnet20-digits');
    const [producer, consumer] = graph.nodes.filter(({ opType }) => opType === 'Conv').slice(1, 3);
    const axes = [
      { weight: producer.input[1], axis: 0 },
      { weight: consumer.input[1], axis: 1 },
    ];
    const settings = { ...options, batch: 40 };
    const all = await taylorImportance(
      graph,
      data,
      new Map([
        ['both', axes],
        ['filters', [axes[0]]],
        ['inputs', [axes[1]]],
      ]),
      settings,
    );
    // Σ w·g of what a ReLU passes on and of what comes in are equal, but for the bias: roots add up where signs agree.
    const [both, filters, inputs] = ['both', 'filters', 'inputs'].map((name) => all.get(name)!);
    both.forEach((value, at) => {
      const [a, b] = [Math.sqrt(filters[at]), Math.sqrt(inputs[at])];
      const nearest = Math.min(
        Math.abs(Math.sqrt(value) - (a + b)),
        Math.abs(Math.sqrt(value) - Math.abs(a - b)),
      );
      expect(nearest).toBeLessThan(1e-6 + 1e-4 * (a + b));
    });
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
    await expect(meanGradients(graph, data, ['nothing'], options)).rejects.toThrow(
      /nothing is no float32 constant/,
    );
    const [conv] = graph.nodes.filter(({ opType }) => opType === 'Conv');
    graph.nodes.find(({ opType }) => opType === 'Relu')!.opType = 'Softplus';
    await expect(meanGradients(graph, data, [conv.input[1]], options)).rejects.toThrow(
      /Relu.*no gradient.*Softplus/,
    );
  });

  test('channels of a group must be equally many', async () => {
    const graph = example('resnet20-digits');
    const [stem, first] = graph.nodes.filter(({ opType }) => opType === 'Conv').map(({ input }) => input[1]);
    const uneven = new Map([
      [
        'g',
        [
          { weight: stem, axis: 1 },
          { weight: first, axis: 1 },
        ],
      ],
    ]);
    await expect(taylorImportance(graph, data, uneven, options)).rejects.toThrow(/group g differ/);
  });
});
