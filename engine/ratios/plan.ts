import { EngineError } from '../errors';

/** What a layer may become. */
export interface LayerChoices {
  readonly layer: string;
  /** The smallest and largest units that are worth having; beyond `most` the layer is better left untouched. */
  readonly least: number;
  readonly most: number;
  /** Units come in multiples of it (1 by default); a layer that has no such multiple can only stay untouched. */
  readonly step?: number;
  /** Units with which nothing is lost (the full rank, all channels); `most` + 1 by default. */
  readonly full?: number;
  /** Units that the layer's whole cost would buy (cost of the layer / cost of a unit); `most` + 1 by default. */
  readonly unitsAtOne?: number;
  /** Units, the model's score with them, and how far its outputs then are from what they were, for each candidate. */
  readonly scores: readonly { readonly units: number; readonly score: number; readonly error: number }[];
}

/** Ranks or channels; null leaves the layer as it is. */
export type Units = number | null;
/** Units by layer, in the order of the choices. */
export type Plan = readonly Units[];
/** The cost (MACs, parameters, ms) of a whole plan; it must not fall where a layer's units grow. */
export type CostOf = (plan: Plan) => number;

/** How near to the target, as a share of the whole cost, a plan is brought where that takes units from its errors' order. */
export const closeness = 0.003;
/** How far from the target, as a share of the whole cost, a plan may stay without a word. */
export const tolerance = 0.01;

/** The units that a layer may have, counted by place: 0 is the least, `untouched` the layer as it is. */
export class Grid {
  private readonly first: number;
  private readonly step: number;
  /** The place that leaves the layer as it is: one behind the last. */
  readonly untouched: number;

  /** @throws EngineError `InvalidSettings` where `step` is no positive integer. */
  constructor({ layer, least, most, step = 1 }: LayerChoices) {
    if (!Number.isInteger(step) || step < 1)
      throw new EngineError('InvalidSettings', `multiplicity ${step} of layer ${layer}: a positive integer`);
    this.step = step;
    this.first = Math.max(1, Math.ceil(least / step)) * step;
    this.untouched = Math.max(0, Math.floor((most - this.first) / step) + 1);
  }

  units(place: number): Units {
    return place >= this.untouched ? null : this.first + place * this.step;
  }

  /** The place of the smallest units that are at least `units`: AIMET's rounding up to the multiplicity. */
  place(units: Units): number {
    if (units === null) return this.untouched;
    return Math.min(this.untouched, Math.max(0, Math.ceil((units - this.first) / this.step)));
  }
}

/** `plan` with other units for the layer at `at`. */
export const withUnits = (plan: Plan, at: number, units: Units): Plan => {
  const changed = plan.slice();
  changed[at] = units;
  return changed;
};
