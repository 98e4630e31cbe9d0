import { LossCurve } from './score-curve';
import { type CostOf, Grid, type LayerChoices, type Plan, withUnits } from './plan';

/** Costs that differ by less than this share of the whole are treated as equal. */
const exactness = 1e-6;

/** A selection problem: layers with their grids and loss curves, and a budget for the cost of all of them. */
export class Problem {
  readonly grids: readonly Grid[];
  readonly curves: readonly LossCurve[];
  /** The plan that leaves everything as it is, and the one with every layer at its fewest units. */
  readonly untouched: Plan;
  readonly floor: Plan;
  /** Cost of the untouched model, of which tolerances are shares; includes parts outside these layers if it was given. */
  readonly whole: number;
  /** Error allowed in sums of costs, which may be rounded to whole MACs. */
  readonly slack: number;
  /** Number of calls of the cost function. */
  asked = 0;
  private readonly known: Map<number, number>[];
  private additive: boolean | undefined;

  constructor(
    readonly choices: readonly LayerChoices[],
    private readonly costOf: CostOf,
    readonly target: number,
    whole?: number,
  ) {
    this.grids = choices.map((choice) => new Grid(choice));
    this.curves = choices.map((choice) => new LossCurve(choice));
    this.known = choices.map(() => new Map<number, number>());
    this.untouched = choices.map(() => null);
    this.floor = this.grids.map((grid) => grid.units(0));
    this.whole = whole ?? this.cost(this.untouched);
    this.slack = exactness * this.whole;
  }

  /** Copies the problem with another target. */
  aimedAt(target: number): Problem {
    return new Problem(this.choices, this.costOf, target, this.whole);
  }

  cost(plan: Plan): number {
    this.asked++;
    return this.costOf(plan);
  }

  /** Sums the layers' errors: the loss expected of a plan. */
  error(plan: Plan): number {
    return this.curves.reduce((sum, curve, at) => sum + curve.at(plan[at]), 0);
  }

  /** Returns the error of one layer at a place of its grid. */
  errorAt(at: number, place: number): number {
    return this.curves[at].at(this.grids[at].units(place));
  }

  places(plan: Plan): number[] {
    return plan.map((units, at) => this.grids[at].place(units));
  }

  plan(places: readonly number[]): Plan {
    return places.map((place, at) => this.grids[at].units(place));
  }

  /**
   * Returns by how much `plan` costs more with layer `at` at another place; additive costs are known from single
   * reductions.
   */
  change(plan: Plan, cost: number, at: number, place: number): number {
    const grid = this.grids[at];
    if (this.separable) return this.alone(at, place) - this.alone(at, grid.place(plan[at]));
    return this.cost(withUnits(plan, at, grid.units(place))) - cost;
  }

  /**
   * True if the layers' costs add up. Tested on a plan that reduces all layers at once: a cost that multiplies
   * neighbours' units, as channel pruning's does, falls short of the sum of single reductions.
   */
  get separable(): boolean {
    this.additive ??= [0, 0.5].every((share) => {
      const places = this.grids.map(({ untouched }) => Math.floor(share * untouched));
      const sum = places.reduce(
        (total, place, at) => total + this.alone(at, place) - this.alone(at, this.grids[at].untouched),
        this.cost(this.untouched),
      );
      return Math.abs(sum - this.cost(this.plan(places))) <= this.slack;
    });
    return this.additive;
  }

  /** Returns the model's cost with one layer at `place` and all others untouched. */
  private alone(at: number, place: number): number {
    const known = this.known[at];
    let cost = known.get(place);
    if (cost === undefined) {
      cost = this.cost(withUnits(this.untouched, at, this.grids[at].units(place)));
      known.set(place, cost);
    }
    return cost;
  }
}
