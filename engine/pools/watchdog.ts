/** Factor by which a unit may take longer than the longest unit so far. */
const times = 20;
/**
 * Time in ms that any unit may take, and that may pass before the first: loading a large model, its first
 * decomposition.
 */
const leastMs = 5 * 60_000;
const firstMs = 60 * 60_000;

/**
 * Tells stuck work from slow work by the durations of its own units (batches, layers, steps) so far. It is given
 * elapsed time rather than reading a clock, so that a suspended machine does not count as slow.
 */
export class Watchdog {
  private longest: number | undefined;
  private waited = 0;
  private last: number | undefined;

  /**
   * Reports that something was done.
   * @param done units so far; the same number again is no progress
   */
  progress(done: number): void {
    if (done === this.last) return;
    // The first unit may include one-time work, which makes it an upper bound for the others.
    this.longest = Math.max(this.longest ?? 0, this.waited);
    this.last = done;
    this.waited = 0;
  }

  /**
   * Reports that `ms` have passed.
   * @returns why the work must be considered stuck; undefined if it need not
   */
  elapsed(ms: number): string | undefined {
    this.waited += ms;
    const most = this.longest === undefined ? firstMs : Math.max(leastMs, times * this.longest);
    if (this.waited <= most) return undefined;
    const seconds = (of: number) => `${Math.round(of / 1000)} s`;
    return this.longest === undefined
      ? `nothing finished in the first ${seconds(this.waited)}`
      : `nothing finished for ${seconds(this.waited)}, when the longest step so far took ${seconds(this.longest)}`;
  }
}
