import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { type FloatTensor, isFloat, sizeOf, type Tensor } from '../tensor/tensor';
import type { ChannelGroup, GroupConsumer } from './group';

/** Measure of a channel's importance. */
export type ImportanceCriterion = 'l1' | 'l2' | 'taylor';

/** Computes the squared weight sum of each input channel of a kernel [N, C, kH, kW] over (n, h, w): AIMET's magnitude. */
export const channelMagnitudes = (kernel: FloatTensor): Float64Array =>
  axisSums(kernel, 1, (at) => kernel.data[at] * kernel.data[at]);

/** Selects the `count` most important channels, ascending by index; ties go to the lower index. */
export function keepMostImportant(importance: ArrayLike<number>, count: number): number[] {
  return Array.from(importance, (_, channel) => channel)
    .sort((a, b) => importance[b] - importance[a] || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Returns how many input channels a ratio keeps: floor(C·ratio), at least 1 (AIMET). */
export const channelsFor = (ratio: number, channels: number): number =>
  Math.max(1, Math.floor(channels * ratio + 1e-9));

/**
 * Computes how important each channel of a group is to the layers that read it [channels].
 * - `l1`, `l2`: sum of absolute or squared weights that read it. With several consumers each counts by its share: the
 * sums of a layer are divided by their total over the group, so that no layer outweighs others by its scale. With one
 * consumer it is exactly AIMET's magnitude.
 * - `taylor`: |Σ w·g| over all weights that read it, the first-order change of the loss if the channel is removed
 * (Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning"). It needs no scaling, being in units of
 * the loss.
 * @param gradients for `taylor`: gradients of the loss by the consumers' weights, by the weights' names
 * @throws EngineError `InvalidSettings` if a gradient is missing, `UnsupportedModel` for weights that are not floats
 */
export function channelImportance(
  graph: Graph,
  group: ChannelGroup,
  criterion: ImportanceCriterion,
  gradients: ReadonlyMap<string, FloatTensor> = new Map(),
): Float64Array {
  const total = new Float64Array(group.channels);
  for (const consumer of group.consumers) {
    const sums = channelSums(graph, consumer, criterion, gradients);
    const all = sums.reduce((a, b) => a + b, 0);
    const scale = criterion === 'taylor' || group.consumers.length === 1 ? 1 : 1 / (all || 1);
    sums.forEach((sum, channel) => (total[channel] += sum * scale));
  }
  return criterion === 'taylor' ? total.map(Math.abs) : total;
}

/** Computes the terms of one consumer, summed over each channel's weights. */
function channelSums(
  graph: Graph,
  { layer, axis, positions }: GroupConsumer,
  criterion: ImportanceCriterion,
  gradients: ReadonlyMap<string, FloatTensor>,
): Float64Array {
  const weight = graph.constant(layer.weight);
  if (!isFloat(weight))
    throw new EngineError(
      'UnsupportedModel',
      `the weight of layer ${layer.name} is of ${weight?.type ?? 'an unknown type'}; importance needs float32`,
    );
  const gradient = gradients.get(layer.weight);
  if (criterion === 'taylor' && !gradient)
    throw new EngineError('InvalidSettings', `importance by taylor needs the gradient of ${layer.weight}`);
  const w = weight.data;
  const g = gradient?.data;
  const term = {
    l1: (at: number) => Math.abs(w[at]),
    l2: (at: number) => w[at] * w[at],
    taylor: (at: number) => w[at] * g![at],
  };
  const sums = axisSums(weight, axis, term[criterion]);
  return Float64Array.from(positions, (own) => own.reduce((sum, position) => sum + sums[position], 0));
}

/** Sums `term` over everything but `axis`. */
function axisSums({ dims }: Tensor, axis: number, term: (at: number) => number): Float64Array {
  const [outer, inner] = [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis + 1))];
  const sums = new Float64Array(dims[axis]);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (let index = 0; index < sums.length; index++)
      for (const end = at + inner; at < end; at++) sums[index] += term(at);
  return sums;
}
