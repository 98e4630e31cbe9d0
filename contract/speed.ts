import type { CostName } from '../engine/names';
import type { Speed } from '../engine/jobs/types';

/** Speed of a model beside the original: faster or slower by more than the noise of the measurement, or neither. */
export type SpeedVerdict = 'faster' | 'slower' | 'as fast';

/** Judges a measured speed: differences within its noise mean nothing. */
export function speedVerdict({ faster, noise }: Speed): SpeedVerdict {
  if (faster - 1 > noise) return 'faster';
  return 1 - faster > noise ? 'slower' : 'as fast';
}

/** Describes a speed with its noise: `1.9x faster (±0.1)`. */
export function speedText(speed: Speed): string {
  const { faster, noise } = speed;
  switch (speedVerdict(speed)) {
    case 'faster':
      return factor(faster, noise, 'faster');
    case 'slower':
      // 1/x changes by the change of x over x².
      return factor(1 / faster, noise / faster ** 2, 'slower');
    case 'as fast':
      return `as fast as the original, within noise (${faster.toFixed(2)}x ±${noise.toFixed(2)})`;
  }
}

/** Shows as many decimals as the noise leaves meaning, and enough to tell the factor from 1. */
function factor(times: number, noise: number, what: string): string {
  const decimals = noise >= 0.05 && times >= 1.05 ? 1 : 2;
  return `${times.toFixed(decimals)}x ${what} (±${noise.toFixed(decimals)})`;
}

/** Says what to do about a model that came out slower than the original, though it was compressed. */
export const slowerAdvice = (cost: CostName): string =>
  cost === 'latency'
    ? 'channel pruning alone may help, since it leaves one layer where SVD makes two'
    : '`cost: latency` chooses by measured times instead; channel pruning alone may help too, since it leaves one layer where SVD makes two';

/** Beginning of `slowerNote`. */
export const slowerPrefix = 'slower than the original: ';

/** A sentence on the models that came out slower than the original, and what to do; undefined if none did. */
export function slowerNote(
  models: readonly { readonly id: string; readonly speed?: Speed }[],
  cost: CostName,
): string | undefined {
  const slower = models.flatMap(({ id, speed }) =>
    speed && speedVerdict(speed) === 'slower' ? [`${id} is ${speedText(speed)}`] : [],
  );
  if (!slower.length) return undefined;
  const [shown, rest] = [slower.slice(0, 3), slower.length - 3];
  return `${slowerPrefix}${shown.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}; ${slowerAdvice(cost)}`;
}
