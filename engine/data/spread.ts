/**
 * How far numbers lie from their means: Σ (y − ȳ)², with a mean for each output, in one pass (Welford, 1962). Each number
 * of a sample is an output of its own; of maps [C, H, W] each channel is one, whose pixels count as samples.
 */
export class Spread {
  /** Numbers seen. */
  count = 0;
  /** Σ (y − ȳ)². */
  squares = 0;
  private means: Float64Array | undefined;

  /**
   * @param numbers of some samples, row-major.
   * @param sample shape of one.
   */
  add(numbers: ArrayLike<number>, sample: readonly number[]): void {
    const [outputs, pixels] = outputsOf(sample);
    const means = (this.means ??= new Float64Array(outputs));
    const before = this.count / outputs;
    for (let at = 0; at < numbers.length; at++) {
      const row = Math.floor(at / pixels);
      const output = row % outputs;
      const seen = before + Math.floor(row / outputs) * pixels + (at % pixels) + 1;
      const apart = numbers[at] - means[output];
      means[output] += apart / seen;
      this.squares += apart * (numbers[at] - means[output]);
    }
    this.count += numbers.length;
  }

  /** The mean of (y − ȳ)². */
  get variance(): number {
    return this.squares / this.count;
  }

  /** What was added up so far, a value that can be copied. */
  get state(): object {
    const { count, squares, means } = this;
    return { count, squares, means: means?.slice() };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}

/** How many outputs a sample has, and how many numbers each. */
function outputsOf(sample: readonly number[]): [outputs: number, pixels: number] {
  const size = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);
  return sample.length > 2 ? [sample[0], size(sample.slice(1))] : [size(sample), 1];
}
