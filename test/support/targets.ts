import type { MetricName } from '../../engine/names';
import { Random } from '../../engine/data/random';
import type { Graph } from '../../engine/onnx/graph';
import { floats, type Tensor } from '../../engine/tensor/tensor';
import { modelOf, randoms } from './graphs';
import { tinyNetwork, writeJob } from './tiny';

const samples = 300;
const side = 8;
const pixels = side * side;

/** Images that show patterns of given strengths, with a little noise. */
function showing(strengths: readonly (readonly number[])[]): Tensor {
  const patterns = [
    () => 1,
    (y: number) => (y % 2 ? 1 : -1),
    (_: number, x: number) => (x % 2 ? 1 : -1),
    (y: number, x: number) => ((x + y) % 4 < 2 ? 1 : -1),
  ];
  const noise = randoms([samples, 1, side, side], 21);
  noise.data.forEach((value, at) => {
    const [y, x] = [Math.floor((at % pixels) / side), at % side];
    const shown = strengths[Math.floor(at / pixels)].map((strength, k) => strength * patterns[k](y, x));
    noise.data[at] = 0.1 * value + shown.reduce((a, b) => a + b, 0);
  });
  return noise;
}

/** The targets to find on images, and the untrained model that is to find them. */
interface Kind {
  readonly metric: MetricName;
  readonly write: () => { readonly images: Tensor; readonly labels: Tensor; readonly model: Graph };
}

/** Returns the strengths of two patterns: float64 of [N, 2]. */
const numbers: Kind = {
  metric: 'r2',
  write: () => {
    const { data } = randoms([samples, 2], 22);
    return {
      images: showing(Array.from({ length: samples }, (_, n) => [data[2 * n], data[2 * n + 1]])),
      labels: { type: 'float64', dims: [samples, 2], data: Float64Array.from(data) },
      model: tinyNetwork(2),
    };
  },
};

/** Tells which of three patterns are present: booleans of [N, 3]. */
const yesOrNo: Kind = {
  metric: 'mean-average-precision',
  write: () => {
    const random = new Random(23);
    const data = Uint8Array.from({ length: 3 * samples }, () => random.below(2));
    const strengths = Array.from({ length: samples }, (_, n) => [0, ...data.subarray(3 * n, 3 * n + 3)]);
    return {
      images: showing(strengths),
      labels: { type: 'bool', dims: [samples, 3], data },
      model: tinyNetwork(3),
    };
  },
};

/** A pixel's height on a slope, by the noisy image of it: float32 of [N, 1, H, W]. */
const maps: Kind = {
  metric: 'rmse-score',
  write: () => {
    const slopes = randoms([samples, 2], 24).data;
    const clean = floats(
      [samples, 1, side, side],
      Float32Array.from({ length: samples * pixels }, (_, at) => {
        const [n, y, x] = [Math.floor(at / pixels), Math.floor((at % pixels) / side), at % side];
        return (slopes[2 * n] * (y - 3.5) + slopes[2 * n + 1] * (x - 3.5)) / 4;
      }),
    );
    const noise = randoms([samples, 1, side, side], 25).data;
    const noisy = clean.data.map((value, at) => value + 0.5 * noise[at]);
    const conv = (name: string, input: string) => ({
      op: 'Conv',
      name,
      inputs: [input, `${name}.weight`, `${name}.bias`],
      outputs: [name],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
    });
    const model = modelOf(
      ['x', ['batch', 1, side, side]],
      [conv('c1', 'x'), { op: 'Relu', inputs: ['c1'], outputs: ['r1'] }, conv('y', 'r1')],
      ['y', ['batch', 1, side, side]],
      {
        'c1.weight': randoms([8, 1, 3, 3], 26),
        'c1.bias': floats([8]),
        'y.weight': randoms([1, 8, 3, 3], 27),
        'y.bias': floats([1]),
      },
    );
    return { images: floats(clean.dims, noisy), labels: clean, model };
  },
};

const kinds = { numbers, maps, 'yes or no': yesOrNo };
export type TargetKind = keyof typeof kinds;

/** Writes an untrained model, images with labels that are no classes, and a spec; gives the spec's path. */
export function targetsJob(folder: string, kind: TargetKind, changes: object = {}): string {
  const { metric, write } = kinds[kind];
  // What is tested is the way: how much is lost on it is the data's.
  return writeJob(folder, write(), { metric, tolerance: 1e6, ...changes });
}
