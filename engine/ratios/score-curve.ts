import { isotonic } from './monotonic';
import type { LayerChoices, Units } from './plan';

interface Point {
  readonly units: number;
  readonly error: number;
}

/** Below every measured error, so that logarithms exist. */
const least = 1e-12;
/** Error assumed for a candidate whose outputs are NaN or infinite. */
const lost = 1e6;

/**
 * Error of the model's outputs as a function of one layer's units. It never rises with them (isotonic regression of the
 * measured candidates). Between candidates its logarithm is interpolated: errors of ranks and channels fall
 * geometrically, and on the digits model that halves the distance to the measured ones (docs/ratio-selection.md).
 */
export class LossCurve {
  private readonly points: readonly Point[];
  private readonly full: number;

  constructor({ scores, most, full = most + 1 }: LayerChoices) {
    this.full = full;
    const known = new Map(scores.map(({ units, error }) => [units, Number.isFinite(error) ? error : lost]));
    const measured = [...known].sort(([a], [b]) => a - b).filter(([units]) => units < full);
    const falling = isotonic(measured.map(([, error]) => -error)).map((error) => Math.max(0, -error));
    const points = measured.map(([units], at) => ({ units, error: falling[at] }));
    // With no units kept, all of the layer's output is lost; as far as we know, that is everything.
    this.points = [{ units: 0, error: Math.max(1, falling[0] ?? 1) }, ...points];
  }

  /** Returns the squared distance of the model's outputs from the original's, relative to theirs. */
  at(units: Units): number {
    if (units === null || units >= this.full) return 0;
    const after = this.points.findIndex((point) => point.units >= units);
    if (after === 0) return this.points[0].error;
    if (after < 0) {
      const last = this.points[this.points.length - 1];
      return (last.error * (this.full - units)) / (this.full - last.units);
    }
    const [from, to] = [this.points[after - 1], this.points[after]];
    const [start, end] = [Math.max(from.error, least), Math.max(to.error, least)];
    const share = (units - from.units) / (to.units - from.units);
    return share === 1 ? to.error : start * (end / start) ** share;
  }
}
