import type { Builder } from '../emit/builder';

/**
 * One step of an exponential moving average (Polyak and Juditsky, 1992): a' = a + (1 - d)(x - a), with d = min(decay,
 * (1 + step)/(10 + step)), so that the initial values fade quickly.
 * @param step its number, from 1
 */
export function movingAverage(
  builder: Builder,
  { average, value, decay, step }: { average: string; value: string; decay: number; step: string },
): string {
  const early = builder.op('Div', [
    builder.op('Add', [step, builder.scalar(1)]),
    builder.op('Add', [step, builder.scalar(10)]),
  ]);
  const kept = builder.op('Min', [early, builder.scalar(decay)]);
  const weight = builder.op('Sub', [builder.scalar(1), kept]);
  const apart = builder.op('Sub', [value, average]);
  return builder.op('Add', [average, builder.op('Mul', [apart, weight])]);
}
