import { Random } from '../../engine/data/random';

/** Names of fields that a careless program would take over from a request into the engine's jobs, or into an object. */
const fields = [
  'data',
  'images',
  'checkpointing',
  'checkpoints',
  'resume',
  'checkpointSeconds',
  'factors',
  'out',
  'parent',
  'model',
  'scores',
  'path',
  'uri',
  'sha256',
  'bytes',
  'work',
  'fromScratch',
  'curve',
  'threads',
  'machinery',
  'random',
  'plan',
  'settings',
  'teacher',
  'labels',
  'inputs',
  'x',
  '',
  '__proto__',
  'constructor',
  'toString',
];

/** Values that have broken programs of this kind. */
const values: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  5,
  1e308,
  -1e-308,
  2 ** 53,
  2 ** 31,
  4.2,
  '',
  'x',
  '..',
  '../../../../../etc/passwd',
  '/etc/passwd',
  '/dev/zero',
  '/dev/full',
  'file:///etc/passwd',
  'a'.repeat(64),
  '0'.repeat(64),
  'F'.repeat(64),
  'constructor',
  '__proto__',
  '\u0000',
  '\u001b[2J',
  'x'.repeat(10_000),
  [],
  {},
  [null],
  [[]],
  [0, 0],
  { images: '/etc/passwd' },
  { checkpoints: '/tmp', resume: '/etc/passwd' },
];

/** Makes JSON values that nobody should send: the same from a seed, every time. */
export class HostileJson {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Draws one of some things. */
  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.random.next() * of.length)];
  }

  /** Draws any JSON value. */
  value(depth = 4): unknown {
    const kind = this.random.next();
    if (depth === 0 || kind < 0.6) return structuredClone(this.pick(values));
    const count = Math.floor(this.random.next() * 4);
    if (kind < 0.75) return Array.from({ length: count }, () => this.value(depth - 1));
    return own(Array.from({ length: count }, () => [this.pick(fields), this.value(depth - 1)]));
  }

  /** Changes a JSON value in one to three places; other values may be planted in it. */
  mutated(value: unknown, others: readonly unknown[] = []): unknown {
    const copy = { value: structuredClone(value) };
    for (let times = 1 + Math.floor(this.random.next() * 3); times > 0; times--) this.change(copy, others);
    return copy.value;
  }

  private change(root: { value: unknown }, others: readonly unknown[]): void {
    const places = placesIn(root);
    const { holder, key } = this.pick(places);
    const kind = this.random.next();
    const now = holder[key];
    // Half of the changes are small, so that what is right in all but a value comes up too.
    if (this.random.next() < 0.5 && typeof now === 'number') holder[key] = this.pick([0, 1, 2, 7, 0.25, now]);
    else if (this.random.next() < 0.5 && typeof now === 'string')
      holder[key] = now.length === 64 ? this.pick([now, '0'.repeat(64)]) : this.pick([now, `${now}x`]);
    else if (kind < 0.15 && holder !== root) {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    } else if (kind < 0.45) {
      const inner = holder[key];
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
        define(inner, this.pick(fields), this.value(2));
      else holder[key] = this.value(2);
    } else if (kind < 0.6 && others.length) {
      const from = placesIn({ value: structuredClone(this.pick(others)) });
      const planted = this.pick(from);
      holder[key] = planted.holder[planted.key];
    } else holder[key] = this.value(2);
  }
}

type Holder = Record<string, unknown>;

/** Every place in a JSON value. */
function placesIn(root: object): { holder: Holder; key: string }[] {
  return Object.keys(root).flatMap((key) => {
    const holder = root as Holder;
    const inner = holder[key];
    return [{ holder, key }, ...(typeof inner === 'object' && inner !== null ? placesIn(inner) : [])];
  });
}

/** Sets a field as JSON.parse does: `__proto__` is a field like another. */
const define = (holder: object, key: string, value: unknown) =>
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
const own = (entries: readonly (readonly [string, unknown])[]): object => {
  const made = {};
  for (const [key, value] of entries) define(made, key, value);
  return made;
};
