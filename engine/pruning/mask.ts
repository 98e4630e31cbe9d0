import type { Graph } from '../onnx/graph';
import { runsOf } from '../tensor/stretches';
import { sizeOf, type Tensor } from '../tensor/tensor';
import type { ChannelGroups } from './channel-groups';
import { checkPlan, type KeepPlan } from './keep';

/**
 * Returns constants by name with which `graph` computes what it would without the channels that the plan removes: the
 * weights of all consumers, zero where they read such a channel.
 * @throws EngineError `InvalidSettings` if the plan does not fit the groups
 */
export function maskChannels(graph: Graph, channels: ChannelGroups, keep: KeepPlan): Map<string, Tensor> {
  checkPlan(channels, keep);
  const masked = new Map<string, Tensor>();
  channels.groups.forEach(({ consumers }, at) => {
    const own = keep[at] && new Set(keep[at]);
    for (const { layer, axis, positions } of own ? consumers : []) {
      const gone = positions.filter((_, channel) => !own!.has(channel)).flat();
      if (!gone.length) continue;
      const source = graph.constant(layer.weight)!;
      const tensor = masked.get(layer.weight) ?? { ...source, data: source.data.slice() };
      masked.set(layer.weight, tensor);
      zero(tensor, axis, gone);
    }
  });
  return masked;
}

/** Sets the entries `gone` along `axis` to zero, in place. */
export function zero({ dims, data }: Tensor, axis: number, gone: readonly number[]): void {
  const outer = sizeOf(dims.slice(0, axis));
  const inner = sizeOf(dims.slice(axis + 1));
  const none = data instanceof BigInt64Array || data instanceof BigUint64Array ? 0n : 0;
  const runs = runsOf(gone);
  for (let o = 0; o < outer; o++)
    for (const [first, last] of runs)
      data.fill(none as never, (o * dims[axis] + first) * inner, (o * dims[axis] + last) * inner);
}
