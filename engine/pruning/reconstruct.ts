import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { floats, type FloatTensor } from '../tensor/tensor';
import { NormalEquations } from './least-squares';
import { patchAt, type Positions, valuesAt } from './patches';
import { eachSample, type ReconstructionSamples } from './samples';

/** A refitted layer: kernel [N, kept, kH, kW] and bias [N]. */
export interface Refit {
  readonly weight: FloatTensor;
  readonly bias: FloatTensor;
}

/**
 * The normal equations of a convolution seen as a linear map of its input patches (He et al. 2017, "Channel Pruning for
 * Accelerating Very Deep Neural Networks"; AIMET's weight reconstruction).
 * @param graph where the layer's inputs come from; @param targets [rows, N], what its outputs should be; by default what they are in `graph`
 */
export async function fitEquations(
  graph: Graph,
  layer: Layer,
  samples: ReconstructionSamples,
  at: Positions,
  targets?: Float32Array,
): Promise<NormalEquations> {
  const [filters, channels, height, width] = layer.dims;
  const equations = new NormalEquations(channels * height * width, filters);
  const patch = new Float64Array(equations.unknowns);
  const own = new Float32Array(filters);
  const [input, output] = [layer.node.input[0], layer.node.output[0]];
  await samples.run(graph, targets ? [input] : [input, output], (batch, first) => {
    eachSample(batch[input].dims[0], first, at, (image, row, y, x) => {
      patchAt(batch[input], layer.window!, image, y, x, patch);
      if (!targets) valuesAt(batch[output], image, y, x, own);
      equations.add(patch, targets?.subarray(row * filters, (row + 1) * filters) ?? own);
    });
  });
  return equations;
}

/** Solves for the kernel and bias that use the input channels `keep` alone. */
export function refit(
  equations: NormalEquations,
  [filters, , height, width]: readonly number[],
  keep: readonly number[],
): Refit {
  const taps = height * width;
  const unknowns = keep.flatMap((channel) => Array.from({ length: taps }, (_, tap) => channel * taps + tap));
  const { weights, bias } = equations.solve(unknowns);
  return { weight: floats([filters, keep.length, height, width], weights), bias: floats([filters], bias) };
}

/** A kernel over all `channels` that is zero where `keep` leaves one out: the masked form of a pruned layer. */
export function masked(
  { dims: [filters, kept, height, width], data }: FloatTensor,
  keep: readonly number[],
  channels: number,
): FloatTensor {
  const taps = height * width;
  const full = floats([filters, channels, height, width]);
  for (let filter = 0; filter < filters; filter++) {
    keep.forEach((channel, at) => {
      const from = (filter * kept + at) * taps;
      full.data.set(data.subarray(from, from + taps), (filter * channels + channel) * taps);
    });
  }
  return full;
}
