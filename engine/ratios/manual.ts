import { EngineError } from '../errors';
import { Grid, type LayerChoices, type Plan } from './plan';

/** Ratio of its cost by layer, above 0 and at most 1. */
export type Ratios = Readonly<Record<string, number>>;

/**
 * The plan that gives each named layer the units that its ratio buys: the largest whose cost is at most the ratio's,
 * at least 1, rounded up to the layer's multiple (AIMET's rounding). Layers that are not named stay untouched, as does
 * one whose ratio buys more units than are worthwhile.
 * @throws EngineError `InvalidSettings` for a name that is no compressible layer's, or a ratio outside (0, 1].
 */
export function manualPlan(choices: readonly LayerChoices[], ratios: Ratios): Plan {
  const known = choices.map(({ layer }) => layer);
  for (const [name, ratio] of Object.entries(ratios)) {
    if (!known.includes(name)) {
      throw new EngineError(
        'InvalidSettings',
        `ratios name ${name}, which is no layer that can be compressed; those are: ${known.join(', ') || 'none'}`,
      );
    }
    if (!(ratio > 0 && ratio <= 1))
      throw new EngineError('InvalidSettings', `ratio ${ratio} of layer ${name}: above 0 and at most 1`);
  }
  return choices.map((choice) => {
    const { layer, most, unitsAtOne = most + 1 } = choice;
    const ratio = Object.hasOwn(ratios, layer) ? ratios[layer] : 1;
    if (ratio === 1) return null;
    const grid = new Grid(choice);
    return grid.units(grid.place(Math.max(1, Math.floor(ratio * unitsAtOne + 1e-9))));
  });
}
