import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Random } from '../../engine/data/random';
import type { Target } from './target';

const hash = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 16);

/** Bytes from which on an input is large. */
const large = 8192;

/** Inputs of a target to change further: its seeds, and those that did something new, which stay in a folder. */
export class Corpus {
  readonly seeds: readonly Uint8Array[];
  private readonly kept: Uint8Array[] = [];
  private readonly names = new Set<string>();
  private readonly folder: string;

  constructor(
    parent: string,
    private readonly target: Target,
  ) {
    this.folder = join(parent, target.name);
    mkdirSync(this.folder, { recursive: true });
    for (const name of readdirSync(this.folder)) {
      this.names.add(name);
      this.kept.push(readFileSync(join(this.folder, name)));
    }
    this.seeds = target.seeds();
  }

  get size(): number {
    return this.seeds.length + this.kept.length;
  }

  /** All inputs. */
  get all(): readonly Uint8Array[] {
    return [...this.seeds, ...this.kept];
  }

  /** Picks an input, large ones seldom: they take longer and show the same. */
  pick(random: Random): Uint8Array {
    const one = () =>
      this.kept.length && random.below(2)
        ? this.kept[random.below(this.kept.length)]
        : this.seeds[random.below(this.seeds.length)];
    const first = one();
    if (first.length < large || !random.below(16)) return first;
    const others = [one(), one(), one()];
    return others.find(({ length }) => length < large) ?? first;
  }

  /** Keeps an input if none is known that did the same. @returns true if it was kept */
  add(input: Uint8Array, signature: string): boolean {
    const name = hash(signature) + this.target.extension;
    if (this.names.has(name)) return false;
    this.names.add(name);
    this.kept.push(input);
    writeFileSync(join(this.folder, name), input);
    return true;
  }
}
