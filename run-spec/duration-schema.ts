import { z } from 'zod';

/** A whole number of seconds, minutes, hours, days or weeks, as Temporal writes it. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd' | 'w'}`;
const form = /^[1-9]\d{0,3}[smhdw]$/;
export const Duration = z
  .custom<Duration>(
    (value) => typeof value === 'string' && form.test(value),
    'must be a whole number with a unit (s, m, h, d or w), such as 30m, 12h or 3d',
  )
  .meta({ type: 'string', pattern: form.source });
