import type { Random } from '../../../engine/data/random';

/** Longest input that mutators make. */
const longest = 1 << 20;

/** Numbers at which code that reads them tends to break. */
export const oddNumbers: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  7n,
  16n,
  127n,
  128n,
  255n,
  256n,
  1000n,
  65535n,
  65536n,
  1_000_000n,
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 48n,
  2n ** 50n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  -1n,
  -2n,
  -128n,
  -(2n ** 31n),
  -(2n ** 63n),
];

/** Returns one element of a list. */
export const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)];

type Change = (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const spliced = (input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array => {
  const out = new Uint8Array(input.length - removed + added.length);
  out.set(input.subarray(0, at));
  out.set(added, at);
  out.set(input.subarray(at + removed), at + added.length);
  return out;
};

const span = (length: number, random: Random): [from: number, size: number] => {
  const from = random.below(length + 1);
  return [from, random.below(Math.min(length - from, 1 << random.below(9)) + 1)];
};

const changes: readonly Change[] = [
  // a bit
  (input, random) => {
    const out = Uint8Array.from(input);
    out[random.below(out.length)] ^= 1 << random.below(8);
    return out;
  },
  // a byte
  (input, random) => {
    const out = Uint8Array.from(input);
    out[random.below(out.length)] = random.below(256);
    return out;
  },
  // a number of 1 to 8 bytes, little- or big-endian
  (input, random) => {
    const out = Uint8Array.from(input);
    const size = 1 << random.below(4);
    if (out.length < size) return out;
    const number = BigInt.asUintN(64, pick(random, oddNumbers));
    const little = random.below(2) === 0;
    const at = random.below(out.length - size + 1);
    for (let i = 0; i < size; i++)
      out[at + (little ? i : size - 1 - i)] = Number((number >> BigInt(8 * i)) & 255n);
    return out;
  },
  // removed, repeated, moved, overwritten by another's
  (input, random) => {
    const [from, size] = span(input.length, random);
    return spliced(input, from, size, new Uint8Array());
  },
  (input, random) => {
    const [from, size] = span(input.length, random);
    return spliced(input, random.below(input.length + 1), 0, input.slice(from, from + size));
  },
  (input, random, other) => {
    const [from, size] = span(other.length, random);
    const at = random.below(input.length + 1);
    return spliced(
      input,
      at,
      random.below(Math.min(size, input.length - at) + 1),
      other.slice(from, from + size),
    );
  },
  // cut short
  (input, random) => input.slice(0, random.below(input.length + 1)),
  // the beginning of one and the end of another
  (input, random, other) =>
    spliced(input, random.below(input.length + 1), 0, new Uint8Array()).slice(
      0,
      random.below(input.length + 1),
    ).length
      ? spliced(input, random.below(input.length), 0, other.slice(random.below(other.length + 1)))
      : input,
];

/** Changes a few bytes, whatever they mean. */
export function mutateBytes(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let out = input;
  for (let times = 1 + random.below(4); times > 0; times--) {
    if (!out.length) return other.slice();
    out = pick(random, changes)(out, random, other);
  }
  return out.length > longest ? out.slice(0, longest) : out;
}
