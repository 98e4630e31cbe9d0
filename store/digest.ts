import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { isArtifactRef } from './artifact';

/** Computes the SHA-256 of bytes, in hex. */
export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Computes the SHA-256 of a file, in hex, reading it as a stream. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Serializes JSON with the keys of objects in order, so that equal values have equal texts. An artifact is represented
 * by its digest alone, wherever it is stored.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (isArtifactRef(inner)) return `sha256:${inner.sha256}`;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** Computes the key of a piece of work from its name, the version of the code, and its input. */
export const workKey = (name: string, version: string, input: unknown): string =>
  sha256(canonicalJson([name, version, input]));
