import type { Random } from '../../../engine/data/random';
import { oddNumbers, pick } from './bytes';

/*
 * Mutations of protobuf's wire format without its schema: what a writer with bugs, or an attacker, would send.
 */

/** A field as it is on the wire: its number, type, and bytes without tag and length. */
interface Field {
  number: number;
  type: number;
  bytes: Uint8Array;
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest);
  return Uint8Array.from(out);
}

/** Splits a message into its fields; undefined if it is not one. */
function parse(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const number = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) return undefined;
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = number();
    if (tag === undefined || tag < 8 || tag > 2 ** 29) return undefined;
    const type = tag % 8;
    let from = at;
    if (type === 0) {
      if (number() === undefined) return undefined;
    } else if (type === 2) {
      const size = number();
      if (size === undefined || at + size > bytes.length) return undefined;
      from = at;
      at += size;
    } else if (type === 1 || type === 5) {
      at += type === 1 ? 8 : 4;
      if (at > bytes.length) return undefined;
    } else return undefined;
    fields.push({ number: Math.floor(tag / 8), type, bytes: bytes.subarray(from, at) });
  }
  return fields;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const written = (fields: readonly Field[]): Uint8Array =>
  joined(
    fields.flatMap(({ number, type, bytes }) => [
      varint(BigInt(number) * 8n + BigInt(type)),
      ...(type === 2 ? [varint(BigInt(bytes.length))] : []),
      bytes,
    ]),
  );

type Change = (fields: Field[], at: number, random: Random) => void;

const changes: readonly Change[] = [
  (fields, at) => void fields.splice(at, 1),
  (fields, at, random) => void fields.splice(random.below(fields.length + 1), 0, fields[at]),
  // shuffled
  (fields, at, random) => {
    const other = random.below(fields.length);
    [fields[at], fields[other]] = [fields[other], fields[at]];
  },
  (fields, at, random) => (fields[at] = { ...fields[at], number: 1 + random.below(30) }),
  (fields, at, random) => (fields[at] = { ...fields[at], type: pick(random, [0, 1, 2, 3, 4, 5, 7]) }),
  // another number
  (fields, at, random) => (fields[at] = { ...fields[at], type: 0, bytes: varint(pick(random, oddNumbers)) }),
  // a length that is not that of what follows
  (fields, at, random) => {
    const { number, bytes } = fields[at];
    const length = varint(pick(random, [BigInt(bytes.length) + 1n, ...oddNumbers]));
    fields[at] = { number, type: 0, bytes: joined([length, bytes]) };
  },
  // nested within itself
  (fields, at, random) => {
    for (let depth = 1 << random.below(8); depth > 0; depth--)
      fields[at] = { ...fields[at], type: 2, bytes: written([fields[at]]).slice(0, 65536) };
  },
  // bytes that are no text
  (fields, at, random) => {
    const length = random.below(20);
    fields[at] = { ...fields[at], type: 2, bytes: Uint8Array.from({ length }, () => random.below(256)) };
  },
];

/** Changes one field of a message, at any depth; undefined if the bytes are not a message. */
export function mutateWire(input: Uint8Array, random: Random, depth = 0): Uint8Array | undefined {
  const fields = parse(input);
  if (!fields?.length) return undefined;
  const at = random.below(fields.length);
  if (depth < 12 && fields[at].type === 2 && random.below(8)) {
    const inner = mutateWire(fields[at].bytes, random, depth + 1);
    if (inner) {
      fields[at] = { ...fields[at], bytes: inner };
      return written(fields);
    }
  }
  pick(random, changes)(fields, at, random);
  return written(fields);
}
