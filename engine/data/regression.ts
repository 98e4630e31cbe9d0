import { EngineError } from '../errors';
import type { Labels } from './dataset';
import type { Errors, Metric } from './metric-rule';
import { checkCount } from './metric-checks';
import { RatioError } from './ratio-error';
import { Spread } from './spread';

/** A score made of an error. `deviation` is the labels' standard deviation. */
interface Score {
  readonly of: (errors: Errors, deviation: number) => number;
  /**
   * Its standard error, from those of the mean squared and the mean absolute error. The labels are the same for all
   * models that are compared, so their deviation counts as known.
   */
  readonly error: (of: { squared: number; absolute: number }, errors: Errors, deviation: number) => number;
}

const scores = {
  /** Coefficient of determination, 1 − Σ(ŷ − y)² / Σ(y − ȳ)². */
  r2: {
    of: ({ rootMeanSquaredError }, deviation) => 1 - (rootMeanSquaredError / deviation) ** 2,
    error: ({ squared }, _, deviation) => squared / deviation ** 2,
  },
  'rmse-score': {
    of: ({ rootMeanSquaredError }, deviation) => 1 - rootMeanSquaredError / deviation,
    // The derivative of a root: dσ = d(σ²) / 2σ.
    error: ({ squared }, { rootMeanSquaredError }, deviation) =>
      squared && squared / (2 * rootMeanSquaredError) / deviation,
  },
  'mae-score': {
    of: ({ meanAbsoluteError }, deviation) => 1 - meanAbsoluteError / deviation,
    error: ({ absolute }, _, deviation) => absolute / deviation,
  },
} satisfies Record<string, Score>;

/**
 * A score made of an error, so that more is better and 100 is exact: 1 minus the error in units of the labels' standard
 * deviation, which makes it comparable between data sets. `r2` is scikit-learn's
 * r2_score(multioutput='variance_weighted').
 */
export class ErrorScore implements Metric {
  private readonly spread = new Spread();
  /** Errors of the outputs of each sample, and how many outputs it has. */
  private readonly squared = new RatioError();
  private readonly absolute = new RatioError();

  constructor(private readonly name: keyof typeof scores) {}

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    checkCount(this.name, labels, outputs.length);
    const size = outputs.length / dims[0];
    for (let first = 0; first < outputs.length; first += size) {
      let [squared, absolute, known] = [0, 0, 0];
      for (let at = first; at < first + size; at++) {
        if (Number.isNaN(labels[at])) continue;
        const apart = Math.abs(outputs[at] - labels[at]);
        squared += apart ** 2;
        absolute += apart;
        known++;
      }
      this.squared.add(squared, known);
      this.absolute.add(absolute, known);
    }
    if (!Number.isFinite(this.squared.sum)) {
      throw new EngineError(
        'UnsupportedModel',
        'the model computes NaN or infinities from the data: check its weights, that `normalize` matches its training, and that labels are finite',
      );
    }
    this.spread.add(labels, dims.slice(1));
  }

  errors(): Errors {
    return {
      meanAbsoluteError: this.absolute.ratio,
      rootMeanSquaredError: Math.sqrt(this.squared.ratio),
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
    if (deviation > 0) return 100 * scores[this.name].of(this.errors(), deviation);
    throw new EngineError(
      'InvalidData',
      `metric ${this.name} measures errors relative to the spread of labels, but all labels are equal: add samples with other labels, or score by fidelity`,
    );
  }

  standardError(): number | undefined {
    const deviation = Math.sqrt(this.spread.variance);
    const { error: squared } = this.squared;
    const { error: absolute } = this.absolute;
    if (squared === undefined || absolute === undefined || !(deviation > 0)) return undefined;
    return 100 * scores[this.name].error({ squared, absolute }, this.errors(), deviation);
  }

  get state(): object {
    const { squared, absolute, spread } = this;
    return { squared: squared.state, absolute: absolute.state, spread: spread.state };
  }

  set state(known: object) {
    const { squared, absolute, spread } = known as Record<'squared' | 'absolute' | 'spread', object>;
    this.squared.state = squared;
    this.absolute.state = absolute;
    this.spread.state = spread;
  }
}
