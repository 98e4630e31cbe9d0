import type { CostOf, LayerChoices } from './plan';
import { type Selection, selectRatios } from './select';

export type { CostOf, LayerChoices, Plan, Units } from './plan';
export type { Selection } from './select';

/** `selectRatios` by the greedy rule (threshold.ts). */
export const selectGreedy = (choices: readonly LayerChoices[], costOf: CostOf, target: number): Selection =>
  selectRatios(choices, costOf, target, { select: 'greedy' });
