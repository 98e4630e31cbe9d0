/** A small seeded generator (mulberry32, Tommy Ettinger): the same seed gives the same numbers on every machine. */
export class Random {
  constructor(private state: number) {}

  /** Returns a number in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns a normally distributed number of mean 0 and variance 1 (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Returns an integer in [0, size). */
  below(size: number): number {
    return Math.floor(this.next() * size);
  }

  /** Returns `count` different integers in [0, size), in random order (Fisher-Yates). */
  sample(size: number, count: number): Int32Array {
    const all = Int32Array.from({ length: size }, (_, i) => i);
    for (let i = 0; i < count; i++) {
      const j = i + this.below(size - i);
      [all[i], all[j]] = [all[j], all[i]];
    }
    return all.slice(0, count);
  }
}
