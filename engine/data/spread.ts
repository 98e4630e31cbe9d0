/**
 * Sum of squared deviations from the mean, Σ (y − ȳ)², with one mean per output, in one pass (Welford, 1962). Each
 * number of a sample is an output; in maps [C, H, W] each channel is one, and its pixels count as samples. NaN is
 * ignored.
 */
export class Spread {
  /** Numbers seen. */
  count = 0;
  /** Σ (y − ȳ)². */
  squares = 0;
  private means: Float64Array | undefined;
  private counts: Float64Array | undefined;

  /**
   * Adds the numbers of some samples.
   * @param numbers row-major
   * @param sample shape of one sample
   */
  add(numbers: ArrayLike<number>, sample: readonly number[]): void {
    const [outputs, pixels] = outputsOf(sample);
    const means = (this.means ??= new Float64Array(outputs));
    const counts = (this.counts ??= new Float64Array(outputs));
    for (let at = 0; at < numbers.length; at++) {
      if (Number.isNaN(numbers[at])) continue;
      const output = Math.floor(at / pixels) % outputs;
      const apart = numbers[at] - means[output];
      means[output] += apart / ++counts[output];
      this.squares += apart * (numbers[at] - means[output]);
      this.count++;
    }
  }

  /** The mean of (y − ȳ)². */
  get variance(): number {
    return this.squares / this.count;
  }

  /** The sums so far, a value that can be copied. */
  get state(): object {
    const { count, squares, means, counts } = this;
    return { count, squares, means: means?.slice(), counts: counts?.slice() };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}

/** Returns how many outputs a sample has, and how many numbers each. */
function outputsOf(sample: readonly number[]): [outputs: number, pixels: number] {
  const size = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);
  return sample.length > 2 ? [sample[0], size(sample.slice(1))] : [size(sample), 1];
}
