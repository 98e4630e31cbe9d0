import { defaultPayloadConverter } from '@temporalio/common';

import { aesCodec } from '../../../server/codec/aes-gcm';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const payload = () => defaultPayloadConverter.toPayload({ model: 'secret.onnx', scores: [1, 2] });
const encodingOf = ({ metadata }: { metadata?: Record<string, Uint8Array> | null }) =>
  Buffer.from(metadata!.encoding).toString();

it('encrypts payloads, each otherwise, and decrypts them to the byte', async () => {
  const codec = aesCodec(`2026=${key(1)}`);
  const [one, two] = await codec.encode([payload(), payload()]);
  expect(encodingOf(one)).toBe('binary/encrypted');
  expect(Buffer.from(one.data!).includes('secret')).toBe(false);
  expect(one.data).not.toEqual(two.data);
  const [plain] = await codec.decode([one]);
  expect(defaultPayloadConverter.fromPayload(plain)).toEqual({ model: 'secret.onnx', scores: [1, 2] });
  expect(encodingOf(plain)).toBe('json/plain');
});

it('leaves what is not encrypted as it is, and refuses what was changed', async () => {
  const codec = aesCodec(`2026=${key(1)}`);
  expect(await codec.decode([payload()])).toEqual([payload()]);
  const [one] = await codec.encode([payload()]);
  one.data![20] ^= 1;
  await expect(codec.decode([one])).rejects.toThrow();
});

it('a new key encrypts and the old one still decrypts; without it the message names it', async () => {
  const [old] = await aesCodec(`2025=${key(1)}`).encode([payload()]);
  const rotated = aesCodec(`2026=${key(2)},2025=${key(1)}`);
  expect(await rotated.decode([old])).toEqual(await rotated.decode(await rotated.encode([payload()])));
  const [fresh] = await rotated.encode([payload()]);
  await expect(aesCodec(`2025=${key(1)}`).decode([fresh])).rejects.toThrow(
    'with key 2026, which SLIMFLOW_CODEC_KEYS lacks',
  );
});

it.each([
  ['', /is not set: write ID=KEY/],
  ['a=c2hvcnQ=', /has no 32 bytes in base64 for key a/],
])('refuses keys %j without showing them', (keys, message) => {
  expect(() => aesCodec(keys)).toThrow(message);
  expect(() => aesCodec(keys)).not.toThrow(/c2hvcnQ/);
});
