const unreached = Infinity;

/** One choice for a layer: its cost above the lowest one, and its error. */
export interface Option {
  readonly cost: number;
  readonly error: number;
}

/**
 * Multiple-choice knapsack: one option per layer, least sum of errors, costs within a budget (Kellerer, Pferschy and
 * Pisinger 2004, "Knapsack Problems", chapter 11), by dynamic programming over the layers. The budget is cut into
 * buckets, each of which keeps the best selection that ends in it together with its exact cost: a selection never
 * exceeds the budget, and loses to the optimum at most what one bucket's width per layer buys.
 */
export class Knapsack {
  private readonly costs: Float64Array;
  private readonly errors: Float64Array;
  /** For each layer, the option that each bucket took and the bucket it came from. */
  private readonly trace: { readonly taken: Uint16Array; readonly from: Int32Array }[] = [];

  /**
   * @param layers options with costs of at least 0, ascending; those beyond the budget are left out
   */
  constructor(layers: readonly (readonly Option[])[], budget: number, buckets: number) {
    const perCost = budget > 0 ? buckets / budget : 0;
    let costs = new Float64Array(buckets + 1);
    let errors = new Float64Array(buckets + 1).fill(unreached);
    errors[0] = 0;
    for (const options of layers) {
      const [nextCosts, nextErrors] = [
        new Float64Array(buckets + 1),
        new Float64Array(buckets + 1).fill(unreached),
      ];
      const taken = new Uint16Array(buckets + 1);
      const from = new Int32Array(buckets + 1);
      for (let bucket = 0; bucket <= buckets; bucket++) {
        if (errors[bucket] === unreached) continue;
        for (let at = 0; at < options.length; at++) {
          const cost = costs[bucket] + options[at].cost;
          if (cost > budget) break;
          const error = errors[bucket] + options[at].error;
          const to = (cost * perCost) | 0;
          if (error >= nextErrors[to]) continue;
          nextErrors[to] = error;
          nextCosts[to] = cost;
          taken[to] = at;
          from[to] = bucket;
        }
      }
      [costs, errors] = [nextCosts, nextErrors];
      this.trace.push({ taken, from });
    }
    [this.costs, this.errors] = [costs, errors];
  }

  /**
   * Returns the option of each layer in the selection of least error whose cost is within [`least`, `most`], if there
   * is one.
   */
  best(least: number, most: number): number[] | undefined {
    let found: number | undefined;
    for (let bucket = 0; bucket < this.errors.length; bucket++) {
      const within = this.costs[bucket] >= least && this.costs[bucket] <= most;
      if (within && this.errors[bucket] < (found === undefined ? unreached : this.errors[found]))
        found = bucket;
    }
    if (found === undefined) return undefined;
    const options: number[] = [];
    for (let layer = this.trace.length - 1, bucket = found; layer >= 0; layer--) {
      options.unshift(this.trace[layer].taken[bucket]);
      bucket = this.trace[layer].from[bucket];
    }
    return options;
  }
}
