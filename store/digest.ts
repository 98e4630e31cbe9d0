import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

import { openRegular, type Reach } from '../engine/regular-file';
import { isArtifactRef } from './artifact';

/** Computes the SHA-256 of bytes, in hex. */
export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/**
 * Computes the SHA-256 of a file, in hex, reading it in pieces.
 * @throws Error if it is not a regular file, or is cut short meanwhile
 */
export async function sha256OfFile(path: string, reach?: Reach): Promise<string> {
  const { file, status } = await openRegular(path, reach);
  try {
    const hash = createHash('sha256');
    const bytes = await eachPiece(file, Number(status.size), (piece) => hash.update(piece));
    if (bytes !== Number(status.size)) throw new Error(`${path} was cut short while it was read`);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

const pieceBytes = 1 << 20;

/**
 * Reads a file from its start, `size` bytes at most, piece by piece; the same buffer holds each.
 * @returns the bytes that there were
 */
export async function eachPiece(
  file: FileHandle,
  size: number,
  take: (piece: Uint8Array) => Promise<unknown> | Hash,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(pieceBytes, size)));
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), done);
    if (!bytesRead) break;
    done += bytesRead;
    await take(buffer.subarray(0, bytesRead));
  }
  return done;
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
