import type { ScoringProgress } from '../contract/run';

/** A model's scoring, and when it began, in ms, if that is known. */
type Scoring = Pick<ScoringProgress, 'of' | 'technique' | 'done' | 'total'> & { readonly startedAt?: number };

/** A model's scoring as it was first seen. */
interface First {
  readonly done: number;
  readonly at: number;
}

/** Estimates how long the scoring of models takes, by the layers scored since they began, or were first seen. */
export class ScoringPace {
  private readonly first = new Map<string, First>();

  /**
   * Returns the seconds left of each model's scoring, by `MODEL/TECHNIQUE`; those of which no layer was scored meanwhile
   * are left out.
   * @param now in ms
   */
  left(scoring: readonly Scoring[], now: number): Readonly<Record<string, number>> {
    return Object.fromEntries(
      scoring.flatMap(({ of, technique, done, total, startedAt }) => {
        const key = `${of}/${technique}`;
        const first =
          startedAt === undefined ? (this.first.get(key) ?? { done, at: now }) : { done: 0, at: startedAt };
        this.first.set(key, first);
        if (done <= first.done) return [];
        const each = (now - first.at) / 1000 / (done - first.done);
        return [[key, Math.ceil(each * (total - done))]];
      }),
    );
  }
}
