/** How many times longer than the longest unit so far a unit may take. */
const times = 20;
/** What any unit may take, and what may go by before the first: loading a large model, its first decomposition. ms */
const leastMs = 5 * 60_000;
const firstMs = 60 * 60_000;

/**
 * Tells work that hangs from work that is slow, by what its own units (batches, layers, steps) took so far. It is told
 * of time as it goes by rather than reading a clock, so that a machine that was asleep has not been slow.
 */
export class Watchdog {
  private longest: number | undefined;
  private waited = 0;
  private last: number | undefined;

  /** Something was done. @param done units so far; the same number again is no progress */
  progress(done: number): void {
    if (done === this.last) return;
    // The first unit may hold what is done once only, which bounds the others from above.
    this.longest = Math.max(this.longest ?? 0, this.waited);
    this.last = done;
    this.waited = 0;
  }

  /** `ms` went by. @returns why the work must be taken to hang; undefined while it need not */
  elapsed(ms: number): string | undefined {
    this.waited += ms;
    const most = this.longest === undefined ? firstMs : Math.max(leastMs, times * this.longest);
    if (this.waited <= most) return undefined;
    const seconds = (of: number) => `${Math.round(of / 1000)} s`;
    return this.longest === undefined
      ? `nothing was done in the first ${seconds(this.waited)}`
      : `nothing was done for ${seconds(this.waited)}, where ${seconds(this.longest)} was the longest before`;
  }
}
