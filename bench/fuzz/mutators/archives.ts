import { gunzipSync, gzipSync } from 'node:zlib';

import { unzipSync, zipSync } from 'fflate';

import type { Random } from '../../../engine/data/random';
import { mutateNpy } from './arrays';
import { mutateBytes, pick } from './bytes';
import { oddTexts } from './fields';

type Mutate = (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** Most bytes that a member is unpacked to here: what a mutated size says is for the door to refuse. */
const mostBytes = 1 << 20;

/** Changes an .npz file: an array in it, the names of arrays, or the bytes of the archive. */
export function mutateNpz(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (!random.below(4)) return mutateBytes(input, random, other);
  try {
    const members = unzipSync(input, { filter: ({ originalSize }) => originalSize <= mostBytes });
    const names = Object.keys(members);
    const name = pick(random, names);
    if (random.below(6))
      members[name] = Uint8Array.from(mutateNpy(members[name], random, members[pick(random, names)]));
    else {
      members[`${pick(random, [...oddTexts, 'images', 'x_test', '../x', 'a/b'])}.npy`] = members[name];
      if (random.below(2)) delete members[name];
    }
    return zipSync(members, { level: pick(random, [0, 6]) });
  } catch {
    return mutateBytes(input, random, other);
  }
}

/** Makes a mutator of files that may be gzipped: their content is changed by `mutate`, more often than their bytes. */
export const mutateGzipped =
  (mutate: Mutate): Mutate =>
  (input, random, other) => {
    if (input[0] !== 0x1f || !random.below(4)) return mutate(input, random, other);
    try {
      const [inner, another] = [input, other].map((bytes) =>
        bytes[0] === 0x1f ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes,
      );
      return gzipSync(mutate(inner, random, another));
    } catch {
      return mutate(input, random, other);
    }
  };

const blockBytes = 512;

/** Writes the number of a header's field in octal, and the sum over the header that readers check. */
function withChecksum(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Writes a member of a tar file. */
function entry(name: string, content: Uint8Array, type = '0'): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write('ustar\0' + '00', 257);
  const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
  return Buffer.concat([withChecksum(header), content, padding]);
}

/** Writes a tar file. */
export const tarOf = (members: readonly (readonly [name: string, content: Uint8Array])[]): Buffer =>
  Buffer.concat([...members.map(([name, content]) => entry(name, content)), Buffer.alloc(2 * blockBytes)]);

/** Changes a tar file: a header, whose sum is right again afterwards, a member before the others, or its bytes. */
export function mutateTar(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (!random.below(4) || input.length < blockBytes) return mutateBytes(input, random, other);
  const bytes = Buffer.from(input);
  if (!random.below(5)) {
    const name = pick(random, [
      ...oddTexts,
      'a.jpg',
      'a.cls',
      '../../etc/passwd',
      '/etc/passwd',
      'x'.repeat(99),
    ]);
    const type = pick(random, ['0', '1', '2', '5', 'L', 'K', 'x', 'g', 'S', '7']);
    const content = random.below(2)
      ? other.subarray(0, random.below(600))
      : Buffer.from(`${name.length + 9} path=${name}\n`);
    return Buffer.concat([entry(name, content, type), bytes]);
  }
  const at = blockBytes * random.below(Math.floor(bytes.length / blockBytes));
  const changed = Buffer.from(mutateBytes(bytes.subarray(at, at + blockBytes), random, other)).subarray(
    0,
    blockBytes,
  );
  bytes.fill(0, at, at + blockBytes);
  changed.copy(bytes, at);
  withChecksum(bytes.subarray(at, at + blockBytes));
  return bytes;
}
