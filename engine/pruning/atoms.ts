/** A model has more channels than are followed; `outcomeOf` makes it the reason why a node's channels stay. */
export class TooManyChannels extends Error {
  override readonly name = 'TooManyChannels';

  constructor() {
    super('there are more channels than can be followed');
  }
}

/** Most entries of all lists of channels of a model, 128 MB: attributes and shapes of a small file can ask for any number. */
const most = 2 ** 25;

/**
 * Channel atoms: the smallest sets of channels known to stay or go together. A union-find over integers; a frozen atom
 * stays for good, and so does everything united with it.
 */
export class Atoms {
  private readonly parents: number[] = [];
  private readonly reasons: (string | undefined)[] = [];
  private left = most;

  get size(): number {
    return this.parents.length;
  }

  /**
   * Call before making a list of channels whose length the model states.
   * @throws TooManyChannels if all lists together would hold too many, or `length` is not a length
   */
  claim(length: number): void {
    if (!(Number.isSafeInteger(length) && length >= 0 && length <= this.left)) throw new TooManyChannels();
    this.left -= length;
  }

  /**
   * Makes `count` new atoms.
   * @throws TooManyChannels as `claim`
   */
  fresh(count: number): Int32Array {
    this.claim(count);
    return Int32Array.from({ length: count }, () => {
      this.reasons.push(undefined);
      return this.parents.push(this.parents.length) - 1;
    });
  }

  /**
   * Makes `count` entries of one new atom that stays, because of `why`.
   * @throws TooManyChannels as `claim`
   */
  frozen(count: number, why: string): Int32Array {
    this.claim(count);
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
