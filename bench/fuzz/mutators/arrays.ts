import type { Random } from '../../../engine/data/random';
import { mutateBytes, oddNumbers, pick } from './bytes';
import { oddTexts } from './fields';
import { mutateJson, oddJson } from './text';

const codes = [
  '<f4',
  '<f8',
  '|u1',
  '|i1',
  '|b1',
  '<i2',
  '<u2',
  '<i4',
  '<u4',
  '<i8',
  '<u8',
  '>f4',
  '<f2',
  '|O',
  '<U3',
  '|S1',
  '',
];
const orders = ['False', 'False', 'False', 'True', 'false', '0', ''];

const dimOf = (random: Random): string =>
  random.below(10)
    ? String(random.below(6))
    : pick(random, [
        ...oddNumbers.map(String),
        '1.5',
        '-0',
        '1e3',
        '0x10',
        'nan',
        ' 2 ',
        '2L',
        '',
        'None',
        '1_0',
        '9'.repeat(400),
        "'2'",
      ]);

/** Writes a .npy file by its grammar, right or nearly right. */
function npy(random: Random): Uint8Array {
  const dims = Array.from({ length: 1 + random.below(5) }, () => dimOf(random));
  const shape = pick(random, [
    ...Array<string>(6).fill(`(${dims.join(', ')},)`),
    `(${dims.join(', ')})`,
    `[${dims.join(',')}]`,
    dims.join(','),
    '()',
  ]);
  const code = pick(random, codes);
  const entries = [
    `'descr': '${code}'`,
    `'fortran_order': ${random.below(6) ? 'False' : pick(random, orders)}`,
    `'shape': ${shape}`,
  ];
  if (!random.below(10)) entries.push(pick(random, entries));
  if (!random.below(15)) entries.splice(random.below(entries.length), 1);
  if (!random.below(15)) entries.push(`'${pick(random, oddTexts)}': 1`);
  const header = Buffer.from(`{${entries.join(', ')}, }\n`.padEnd(random.below(3) ? 118 : random.below(300)));
  const version = random.below(8) ? pick(random, [1, 1, 2, 3]) : pick(random, [0, 4, 255]);
  const length = random.below(8) ? BigInt(header.length) : BigInt.asUintN(32, pick(random, oddNumbers));
  const size = Buffer.alloc(version >= 2 ? 4 : 2);
  if (size.length === 4) size.writeUInt32LE(Number(length));
  else size.writeUInt16LE(Number(length & 0xffffn));
  const elements = dims.reduce((all, dim) => all * (Number(dim) || 0), 1);
  const wanted = Math.abs(elements * Number(/\d/.exec(code)?.[0] ?? 1));
  const bytes = wanted < 4000 && random.below(4) ? wanted : random.below(400);
  const data = Buffer.from(Uint8Array.from({ length: bytes }, () => random.below(256)));
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0]), size, header, data]);
}

/** Changes a .npy file: written again by the grammar, or its bytes. */
export const mutateNpy = (input: Uint8Array, random: Random, other: Uint8Array): Uint8Array =>
  random.below(3) ? npy(random) : mutateBytes(input, random, other);

/** Changes a safetensors file: its header as JSON, the length before it, or its bytes. */
export function mutateSafetensors(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (!random.below(4)) return mutateBytes(input, random, other);
  try {
    const bytes = Buffer.from(input);
    const length = Number(bytes.readBigUInt64LE(0));
    let header: unknown = JSON.parse(bytes.toString('utf8', 8, 8 + length));
    for (let times = 1 + random.below(3); times > 0; times--)
      header = random.below(12) ? mutateJson(header, random) : oddJson(random);
    const json = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(
      random.below(8) ? BigInt(json.length) : BigInt.asUintN(64, pick(random, oddNumbers)),
    );
    return Buffer.concat([size, json, bytes.subarray(8 + length)]);
  } catch {
    return mutateBytes(input, random, other);
  }
}
