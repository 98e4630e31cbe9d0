/**
 * Standard error of a ratio of sums over independent samples, Σa / Σb, in one pass: √Σ(a − R·b)² / Σb with R the ratio
 * (Cochran, Sampling Techniques, 6.5). A mean is the case b = 1; the error of a share p of n samples is √(p(1 − p)/n).
 */
export class RatioError {
  private a = 0;
  private b = 0;
  private aa = 0;
  private ab = 0;
  private bb = 0;

  /** Adds what one sample contributes to both sums. */
  add(a: number, b: number): void {
    this.a += a;
    this.b += b;
    this.aa += a * a;
    this.ab += a * b;
    this.bb += b * b;
  }

  /** Σa. */
  get sum(): number {
    return this.a;
  }

  /** The ratio; NaN if nothing was added to the lower sum. */
  get ratio(): number {
    return this.a / this.b;
  }

  /** Its standard error, in the ratio's unit; undefined if nothing was added to the lower sum. */
  get error(): number | undefined {
    if (!this.b) return undefined;
    const { ratio } = this;
    // Rounding may leave a hair below 0.
    return Math.sqrt(Math.max(0, this.aa - 2 * ratio * this.ab + ratio * ratio * this.bb)) / this.b;
  }

  /** The same in points: hundredths. */
  get points(): number | undefined {
    const { error } = this;
    return error === undefined ? undefined : 100 * error;
  }

  /** The sums so far, a value that can be copied. */
  get state(): object {
    const { a, b, aa, ab, bb } = this;
    return { a, b, aa, ab, bb };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}
