const units = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Milliseconds of a duration as a spec has it: a whole number and a unit, `30m` or `3d`. */
export const milliseconds = (duration: `${number}${keyof typeof units}`): number =>
  1000 * parseInt(duration, 10) * units[duration.at(-1) as keyof typeof units];
