import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeNpy } from '../../engine/data/npy';
import { Random } from '../../engine/data/random';
import type { Graph } from '../../engine/onnx/graph';
import { saveModel } from '../../engine/onnx/model';
import type { Tensor } from '../../engine/tensor/tensor';
import { modelOf, randoms } from './graphs';

/** A network of three convolutions for 1x8x8 images, of four classes mostly; untrained. */
export function tinyNetwork(outputs = 4): Graph {
  const conv = (name: string, input: string) => ({
    op: 'Conv',
    name,
    inputs: [input, `${name}.weight`, `${name}.bias`],
    outputs: [name],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  });
  const relu = (input: string) => ({ op: 'Relu', inputs: [input], outputs: [`${input}.relu`] });
  return modelOf(
    ['x', ['batch', 1, 8, 8]],
    [
      conv('c1', 'x'),
      relu('c1'),
      conv('c2', 'c1.relu'),
      relu('c2'),
      conv('c3', 'c2.relu'),
      relu('c3'),
      { op: 'GlobalAveragePool', inputs: ['c3.relu'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
      { op: 'Gemm', name: 'fc', inputs: ['flat', 'fc.weight', 'fc.bias'], outputs: ['y'] },
    ],
    ['y', ['batch', outputs]],
    {
      'c1.weight': randoms([8, 1, 3, 3], 1),
      'c1.bias': randoms([8], 2),
      'c2.weight': randoms([12, 8, 3, 3], 3),
      'c2.bias': randoms([12], 4),
      'c3.weight': randoms([12, 12, 3, 3], 5),
      'c3.bias': randoms([12], 6),
      'fc.weight': randoms([12, outputs], 7),
      'fc.bias': randoms([outputs], 8),
    },
  );
}

/** Writes a tiny network, 300 random images, and a spec in which a few fields can be changed; gives the spec's path. */
export function tinyJob(folder: string, changes: object = {}): string {
  const random = new Random(9);
  const labels = Int32Array.from({ length: 300 }, () => Math.floor(4 * random.next()));
  return writeJob(
    folder,
    {
      model: tinyNetwork(),
      images: randoms([300, 1, 8, 8], 10),
      labels: { type: 'int32', dims: [300], data: labels },
    },
    // Guesses of an untrained network: what is tested is the way, not the accuracy.
    { tolerance: 100, ...changes },
  );
}

/** Writes a model, 300 images with labels, and a spec of a quick run with these settings; gives the spec's path. */
export function writeJob(
  folder: string,
  { model, images, labels }: { readonly model: Graph; readonly images: Tensor; readonly labels: Tensor },
  settings: object,
): string {
  saveModel(model, join(folder, 'model.onnx'));
  writeNpy(join(folder, 'images.npy'), images);
  writeNpy(join(folder, 'labels.npy'), labels);
  const split = { images: 'images.npy', labels: 'labels.npy' };
  const spec = {
    model: 'model.onnx',
    data: {
      train: { ...split, range: [0, 200] },
      evaluate: { ...split, range: [200, 250] },
      test: { ...split, range: [250, 300] },
    },
    target: 0.5,
    pick: { maxPicks: 1 },
    fineTune: { epochs: 1, batch: 20 },
    reconstruction: { samples: 50 },
    latency: { runs: 3 },
    ...settings,
  };
  const file = join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(spec));
  return file;
}
