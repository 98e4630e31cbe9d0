import { keyOf } from '../onnx/layers';
import type { LeftOutputs } from '../reconstruction/refit-targets';
import type { ChannelGroups } from './channel-groups';
import { type KeepPlan, keptBy } from './keep';

/** Returns what a plan leaves of each layer's outputs, among those that were left `before`. */
export function outputsLeft(channels: ChannelGroups, keep: KeepPlan, before?: LeftOutputs): LeftOutputs {
  const kept = keptBy(channels, keep);
  return new Map(
    [...channels.layers].map(([node, { results }]) => {
      const own = before?.get(keyOf(node));
      const left = kept(results);
      return [keyOf(node), own ? left.map((at) => own[at]) : left];
    }),
  );
}
