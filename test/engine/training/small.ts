import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import { Random } from '../../../engine/data/random';
import type { TrainingSettings } from '../../../engine/training/settings';
import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import { floats, type FloatTensor, type Tensor } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';

/** Images of 1x8x8 in four classes, and their labels, as files. */
export interface Written {
  readonly images: string;
  readonly labels: string;
}

/** Samples in the files that `writeSmall` writes. */
export const smallSamples = 90;

/** Each class has an image of its own, with noise of the same size on it: easy, but not at once. */
export function writeSmall(folder: string): Written {
  const [images, labels] = [join(folder, 'images.npy'), join(folder, 'labels.npy')];
  const [centers, noise] = [randoms([4, 64], 1), randoms([smallSamples, 64], 2)];
  const random = new Random(3);
  const classes = Int32Array.from({ length: smallSamples }, () => random.below(4));
  const pixels = noise.data.map((value, at) => value + centers.data[64 * classes[at >> 6] + (at & 63)]);
  writeNpy(images, floats([smallSamples, 1, 8, 8], pixels));
  writeNpy(labels, { type: 'int32', dims: [smallSamples], data: classes });
  return { images, labels };
}

export const smallSettings = {
  epochs: 4,
  learningRate: 0.05,
  batch: 12,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: 'one-cycle',
  seed: 5,
} as const satisfies TrainingSettings;

/** Two convolutions, followed by BatchNormalization or not, and a Gemm, with initial weights of a training. */
export function smallNetwork(normalized: boolean): Graph {
  const scaled = (dims: number[], seed: number): FloatTensor => {
    const { data } = randoms(dims, seed);
    const fan = data.length / dims[0];
    return floats(
      dims,
      data.map((value) => value * Math.sqrt(2 / fan)),
    );
  };
  const constants: Record<string, Tensor> = {};
  const block = (name: string, input: string, [out, channels]: [number, number], seed: number) => {
    const conv: NodeFields = {
      op: 'Conv',
      name,
      inputs: [input, `${name}.weight`, `${name}.bias`],
      outputs: [name],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
    };
    constants[`${name}.weight`] = scaled([out, channels, 3, 3], seed);
    constants[`${name}.bias`] = floats([out]);
    if (!normalized) return [conv, { op: 'Relu', inputs: [name], outputs: [`${name}.relu`] }];
    const per = ['scale', 'shift', 'mean', 'variance'].map((what) => `${name}.${what}`);
    per.forEach(
      (value, at) => (constants[value] = floats([out], new Float32Array(out).fill(at % 3 ? 0 : 1))),
    );
    return [
      conv,
      { op: 'BatchNormalization', inputs: [name, ...per], outputs: [`${name}.norm`] },
      { op: 'Relu', inputs: [`${name}.norm`], outputs: [`${name}.relu`] },
    ];
  };
  const nodes: NodeFields[] = [
    ...block('c1', 'x', [8, 1], 11),
    ...block('c2', 'c1.relu', [8, 8], 12),
    { op: 'Flatten', inputs: ['c2.relu'], outputs: ['flat'] },
    { op: 'Gemm', name: 'fc', inputs: ['flat', 'fc.weight', 'fc.bias'], outputs: ['y'] },
  ];
  constants['fc.weight'] = floats(
    [32, 4],
    randoms([32, 4], 13).data.map((value) => value / 6),
  );
  constants['fc.bias'] = floats([4]);
  return modelOf(['x', ['batch', 1, 8, 8]], nodes, ['y', ['batch', 4]], constants);
}
