import { EngineError } from '../errors';

/** A layer's possible units and their measured scores. */
export interface LayerChoices {
  readonly layer: string;
  /** Smallest and largest useful units; above `most` the layer is better left untouched. */
  readonly least: number;
  readonly most: number;
  /** Units come in multiples of this (1 by default); a layer without such a multiple can only stay untouched. */
  readonly step?: number;
  /** Units that lose nothing (the full rank, all channels); `most` + 1 by default. */
  readonly full?: number;
  /** Units that the layer's whole cost would buy (cost of the layer / cost of a unit); `most` + 1 by default. */
  readonly unitsAtOne?: number;
  /** For each candidate, its units, the model's score with them, and the squared relative error of the model's outputs. */
  readonly scores: readonly { readonly units: number; readonly score: number; readonly error: number }[];
}

/** Ranks or channels; null leaves the layer as it is. */
export type Units = number | null;
/** Units by layer, in the order of the choices. */
export type Plan = readonly Units[];
/** Cost (MACs, parameters, ms) of a whole plan; it must not fall when a layer's units grow. */
export type CostOf = (plan: Plan) => number;

/** Distance to the target, as a share of the whole cost, to which a plan is brought even against the order of errors. */
export const closeness = 0.003;
/** Distance to the target, as a share of the whole cost, that is accepted without a note. */
export const tolerance = 0.01;

/** The units that a layer may have, counted by place: 0 is the fewest, `untouched` the layer as it is. */
export class Grid {
  private readonly first: number;
  private readonly step: number;
  /** The place that leaves the layer as it is: one after the last. */
  readonly untouched: number;

  /** @throws EngineError `InvalidSettings` if `step` is not a positive integer */
  constructor({ layer, least, most, step = 1 }: LayerChoices) {
    if (!Number.isInteger(step) || step < 1)
      throw new EngineError(
        'InvalidSettings',
        `layer ${layer}: multiplicity must be a positive integer, not ${step}`,
      );
    this.step = step;
    this.first = Math.max(1, Math.ceil(least / step)) * step;
    this.untouched = Math.max(0, Math.floor((most - this.first) / step) + 1);
  }

  units(place: number): Units {
    return place >= this.untouched ? null : this.first + place * this.step;
  }

  /** Returns the place of the fewest units that are at least `units`: AIMET's rounding up to the multiplicity. */
  place(units: Units): number {
    if (units === null) return this.untouched;
    return Math.min(this.untouched, Math.max(0, Math.ceil((units - this.first) / this.step)));
  }
}

/** Copies `plan` with other units for the layer at `at`. */
export const withUnits = (plan: Plan, at: number, units: Units): Plan => {
  const changed = plan.slice();
  changed[at] = units;
  return changed;
};
