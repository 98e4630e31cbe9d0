/**
 * Channel atoms: the smallest sets of channels known to stay or go together. A union-find over integers; a frozen atom
 * stays for good, and so does everything united with it.
 */
export class Atoms {
  private readonly parents: number[] = [];
  private readonly reasons: (string | undefined)[] = [];

  get size(): number {
    return this.parents.length;
  }

  /** Makes `count` new atoms. */
  fresh(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => {
      this.reasons.push(undefined);
      return this.parents.push(this.parents.length) - 1;
    });
  }

  /** Makes `count` entries of one new atom that stays, because of `why`. */
  frozen(count: number, why: string): Int32Array {
    const [atom] = this.fresh(1);
    this.reasons[atom] = why;
    return new Int32Array(count).fill(atom);
  }

  /** Returns the representative of everything that `atom` was united with. */
  find(atom: number): number {
    let root = atom;
    while (this.parents[root] !== root) root = this.parents[root];
    for (let at = atom; at !== root;) [at, this.parents[at]] = [this.parents[at], root];
    return root;
  }

  unite(a: number, b: number): void {
    const [keep, other] = [this.find(a), this.find(b)];
    if (keep === other) return;
    this.parents[other] = keep;
    this.reasons[keep] ??= this.reasons[other];
  }

  /** Unites two lists of the same length, entry by entry. */
  uniteAll(a: Int32Array, b: Int32Array): void {
    if (a !== b) a.forEach((atom, at) => this.unite(atom, b[at]));
  }

  freeze(ids: Int32Array, why: string): void {
    for (const id of ids) this.reasons[this.find(id)] ??= why;
  }

  /** Says why an atom stays; undefined if it may be removed. */
  whyFrozen(atom: number): string | undefined {
    return this.reasons[this.find(atom)];
  }
}
