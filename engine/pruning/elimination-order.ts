import type { Elimination } from '../reconstruction/elimination';

/** A layer that reads a group's channels, as one or more fits (one for each group of a grouped convolution). */
export interface EliminatedReader {
  readonly fits: readonly Elimination[];
  /** Unknowns of each fit that a channel is. */
  readonly unknownsOf: (channel: number) => readonly number[];
}

/** Share of the channels left that leave at a time: all of them one by one would take as many passes as channels. */
const shareAtATime = 1 / 16;

/**
 * Ranks channels by backward elimination: again and again those leave without which the refitted layers that read them
 * err least, each layer's error relative to the spread of its outputs. What leaves last is the most important.
 * @returns importances [channels]: the order in which they leave, 0 first
 */
export async function eliminationOrder(
  readers: readonly EliminatedReader[],
  channels: number,
): Promise<Float64Array> {
  const importance = new Float64Array(channels);
  let left = Array.from({ length: channels }, (_, channel) => channel);
  while (left.length) {
    const losses = new Map(left.map((channel) => [channel, lossOf(readers, channel)]));
    left.sort((a, b) => losses.get(a)! - losses.get(b)! || b - a);
    const leaving = left.slice(0, Math.max(1, Math.floor(left.length * shareAtATime)));
    leaving.forEach((channel, at) => (importance[channel] = channels - left.length + at));
    left = left.slice(leaving.length);
    if (!left.length) break;
    for (const { fits, unknownsOf } of readers)
      for (const fit of fits) await fit.remove(leaving.flatMap(unknownsOf));
  }
  return importance;
}

/** Sums the relative losses of all readers if a channel leaves. */
function lossOf(readers: readonly EliminatedReader[], channel: number): number {
  let sum = 0;
  for (const { fits, unknownsOf } of readers) {
    const spread = fits.reduce((all, fit) => all + fit.spread, 0);
    // A layer whose outputs do not vary says nothing of what it reads.
    if (spread > 0) sum += fits.reduce((all, fit) => all + fit.loss(unknownsOf(channel)), 0) / spread;
  }
  return sum;
}
