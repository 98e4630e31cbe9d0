/** Formats numbers for people. Tables show counts in full, so that they equal those of result.json. */

/** Formats a count in full, in groups of three digits: `31 021 952`, with narrow no-break spaces. */
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** Formats a count with a prefix for an axis: `31 M`. */
export function short(value: number, unit = ''): string {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];
  let at = 0;
  let scaled = value;
  for (; Math.abs(scaled) >= 1000 && at < prefixes.length - 1; at++) scaled /= 1000;
  const suffix = `${prefixes[at]}${unit}`;
  return `${Number(scaled.toPrecision(3))}${suffix && ` ${suffix}`}`;
}

/** Formats points of a metric. */
export const metricPoints = (value: number | undefined): string => value?.toFixed(2) ?? '';

/** Formats a ratio. */
export const ratioText = (value: number | undefined): string => value?.toFixed(3) ?? '';

/** Formats a share as a percentage. */
export const percent = (value: number | undefined): string =>
  value === undefined ? '' : `${(100 * value).toFixed(1)} %`;

/** Formats a time in seconds: `41 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const parts = (most: string, least: string, size: number, rest: number) =>
    `${size} ${most}${rest ? ` ${rest} ${least}` : ''}`;
  if (whole < 3600) return parts('min', 's', Math.floor(whole / 60), whole % 60);
  const minutes = Math.round(whole / 60);
  return parts('h', 'min', Math.floor(minutes / 60), minutes % 60);
}
