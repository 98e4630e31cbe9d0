import { EngineError } from '../errors';
import type { ChannelGroups } from './channel-groups';
import type { Kept } from './edits';

/** For each group the channels that it keeps, ascending; null keeps all. */
export type KeepPlan = readonly (readonly number[] | null)[];

/**
 * Returns the channels left when `removed` are removed, as people specify them.
 * @param name owner of the channels, for messages
 * @throws EngineError `InvalidSettings` for a channel that does not exist, or if none would be left
 */
export function keepAllBut(channels: number, removed: readonly number[], name: string): number[] {
  const wrong = removed.find((at) => !Number.isInteger(at) || at < 0 || at >= channels);
  if (wrong !== undefined)
    throw new EngineError(
      'InvalidSettings',
      `${name} has no channel ${wrong} to remove: its channels are numbered 0 to ${channels - 1}`,
    );
  const gone = new Set(removed);
  if (gone.size === channels)
    throw new EngineError(
      'InvalidSettings',
      `removing all ${channels} channels of ${name} would leave a layer without input: keep at least one`,
    );
  return Array.from({ length: channels }, (_, at) => at).filter((at) => !gone.has(at));
}

/** @throws EngineError `InvalidSettings` if a plan does not fit the groups */
export function checkPlan({ groups }: ChannelGroups, keep: KeepPlan): void {
  if (keep.length !== groups.length)
    throw new EngineError('InvalidSettings', `${keep.length} choices for ${groups.length} channel groups`);
  groups.forEach(({ name, channels }, at) => {
    const own = keep[at];
    const fits = own?.every((channel, i) => channel < channels && channel > (i ? own[i - 1] : -1));
    if (own && (!own.length || !fits))
      throw new EngineError(
        'InvalidSettings',
        `channels to keep of ${name} are one or more of 0 to ${channels - 1}, ascending; got [${own.join(', ')}]`,
      );
  });
}

/** Returns the entries of labelled channels that are left under a plan. */
export function keptBy({ channelOf }: ChannelGroups, keep: KeepPlan): Kept {
  const sets = keep.map((channels) => channels && new Set(channels));
  return (ids) =>
    [...ids.keys()].filter((at) => {
      const place = channelOf(ids[at]);
      return !place || (sets[place.group]?.has(place.channel) ?? true);
    });
}
