import { EngineError } from '../errors';
import type { Labels } from './dataset';
import type { Errors, Metric } from './metric-rule';
import { checkCount } from './metric-checks';
import { Spread } from './spread';

const scores = {
  /** Coefficient of determination, 1 − Σ(ŷ − y)² / Σ(y − ȳ)². */
  r2: ({ rootMeanSquaredError }: Errors, deviation: number) => 1 - (rootMeanSquaredError / deviation) ** 2,
  'rmse-score': ({ rootMeanSquaredError }: Errors, deviation: number) => 1 - rootMeanSquaredError / deviation,
  'mae-score': ({ meanAbsoluteError }: Errors, deviation: number) => 1 - meanAbsoluteError / deviation,
};

/**
 * A score made of an error, so that more is better and 100 is exact: 1 minus the error in units of the labels' standard
 * deviation, which makes it comparable between data sets. `r2` is scikit-learn's
 * r2_score(multioutput='variance_weighted').
 */
export class ErrorScore implements Metric {
  private readonly spread = new Spread();
  private squared = 0;
  private absolute = 0;

  constructor(private readonly name: keyof typeof scores) {}

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    checkCount(this.name, labels, outputs.length);
    for (let at = 0; at < outputs.length; at++) {
      if (Number.isNaN(labels[at])) continue;
      const apart = Math.abs(outputs[at] - labels[at]);
      this.squared += apart ** 2;
      this.absolute += apart;
    }
    if (!Number.isFinite(this.squared)) {
      throw new EngineError(
        'UnsupportedModel',
        'the model computes NaN or infinities from the data: check its weights, that `normalize` matches its training, and that labels are finite',
      );
    }
    this.spread.add(labels, dims.slice(1));
  }

  errors(): Errors {
    const { count } = this.spread;
    return {
      meanAbsoluteError: this.absolute / count,
      rootMeanSquaredError: Math.sqrt(this.squared / count),
    };
  }

  value(): number {
    const deviation = Math.sqrt(this.spread.variance);
    if (!this.spread.count) {
      throw new EngineError(
        'InvalidData',
        `metric ${this.name} has nothing to compare: all labels are unknown`,
      );
    }
    if (deviation > 0) return 100 * scores[this.name](this.errors(), deviation);
    throw new EngineError(
      'InvalidData',
      `metric ${this.name} measures errors relative to the spread of labels, but all labels are equal: add samples with other labels, or score by fidelity`,
    );
  }

  get state(): object {
    const { squared, absolute, spread } = this;
    return { squared, absolute, spread: spread.state };
  }

  set state(known: object) {
    const { spread, ...sums } = known as { spread: object };
    this.spread.state = spread;
    Object.assign(this, sums);
  }
}
