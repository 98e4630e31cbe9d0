import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Environment variable with the keys. */
export const keysVariable = 'SLIMFLOW_CODEC_KEYS';

const encoding = 'binary/encrypted';
const cipherName = 'aes-256-gcm';
/** Bytes of the nonce before, and of the tag after, the encrypted ones. */
const [nonceBytes, tagBytes] = [12, 16];
const textOf = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString();

/** Reads `ID=BASE64,ID=BASE64`. @throws RangeError that says how keys are written, and never shows one */
function keysOf(text: string): Map<string, Buffer> {
  const keys = new Map(
    text
      .split(',')
      .filter((part) => part.trim())
      .map((part) => {
        const at = part.indexOf('=');
        return [part.slice(0, at).trim(), Buffer.from(part.slice(at + 1), 'base64')] as const;
      }),
  );
  const wrong = [...keys].filter(([id, key]) => !id || key.length !== 32).map(([id]) => id || '(none)');
  if (!keys.size || wrong.length)
    throw new RangeError(
      `${keysVariable} ${keys.size ? `has no 32 bytes in base64 for key ${wrong.join(', ')}` : 'is not set'}: write ID=KEY, with a key of \`openssl rand -base64 32\`; further keys after commas only decrypt`,
    );
  return keys;
}

/**
 * Encrypts payloads by AES-256-GCM: everything that workflows and activities get and return, memos, heartbeats, signals,
 * queries and texts for the UI. The first key encrypts, all of them decrypt: to change the key, put a new one first, and
 * drop the old one once Temporal keeps no run of its time. The format is that of Temporal's samples, so that their codec
 * servers read it.
 *
 * @param keys `ID=BASE64[,ID=BASE64…]`, 32 bytes each; from SLIMFLOW_CODEC_KEYS by default
 * @throws RangeError if there is no key, or one has another length; decoding rejects if the key of a payload is missing
 * @example
 * ```ts
 * import { aesCodec } from 'slimflow';
 *
 * const codec = aesCodec(`2026-11=${Buffer.alloc(32, 7).toString('base64')}`);
 * const [encrypted] = await codec.encode([{ data: Buffer.from('"secret"') }]);
 * console.log(Buffer.from(encrypted?.data ?? []).includes('secret')); // false
 * ```
 */
export function aesCodec(keys: string = process.env[keysVariable] ?? ''): PayloadCodec {
  const known = keysOf(keys);
  const [[activeId, activeKey]] = known;
  return {
    encode: async (payloads) => payloads.map((payload) => encrypted(payload, activeId, activeKey)),
    decode: async (payloads) =>
      payloads.map((payload) => {
        if (textOf(payload.metadata?.encoding) !== encoding) return payload;
        const id = textOf(payload.metadata?.['encryption-key-id']);
        const key = known.get(id);
        if (!key) throw new Error(`a payload is encrypted with key ${id}, which ${keysVariable} lacks`);
        return decrypted(payload, key);
      }),
  };
}

function encrypted(payload: Payload, id: string, key: Buffer): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key, nonce);
  const data = Buffer.concat([
    nonce,
    cipher.update(serialized(payload)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return {
    metadata: {
      encoding: Buffer.from(encoding),
      'encryption-cipher': Buffer.from(cipherName),
      'encryption-key-id': Buffer.from(id),
    },
    data,
  };
}

function decrypted({ data }: Payload, key: Buffer): Payload {
  const bytes = Buffer.from(data ?? []);
  const cipher = createDecipheriv(cipherName, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  cipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const inner = bytes.subarray(nonceBytes, bytes.length - tagBytes);
  return parsed(Buffer.concat([cipher.update(inner), cipher.final()]));
}

/** Writes a payload as Temporal's protocol does: `map<string, bytes> metadata = 1; bytes data = 2;`. */
function serialized({ metadata, data }: Payload): Uint8Array {
  const writer = new BinaryWriter();
  for (const [name, value] of Object.entries(metadata ?? {}))
    writer
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(name)
      .tag(2, WireType.LengthDelimited)
      .bytes(value)
      .join();
  if (data?.length) writer.tag(2, WireType.LengthDelimited).bytes(data);
  return writer.finish();
}

function parsed(bytes: Uint8Array): Payload {
  const reader = new BinaryReader(bytes);
  const metadata: Record<string, Uint8Array> = {};
  let data: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) {
      const entry = new BinaryReader(reader.bytes());
      let [name, value]: [string, Uint8Array] = ['', new Uint8Array()];
      while (entry.pos < entry.len) {
        const [part, partType] = entry.tag();
        if (part === 1) name = entry.string();
        else if (part === 2) value = entry.bytes();
        else entry.skip(partType);
      }
      metadata[name] = value;
    } else if (field === 2) data = reader.bytes();
    else reader.skip(type);
  }
  return { metadata, data };
}
