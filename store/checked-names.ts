import { join } from 'node:path';

import { ArtifactError } from './store-errors';

/*
 * Digests and keys come from requests, from notes and from lists that others may have written. Every name in a store is
 * made here, out of parts that are checked, and becomes a path in `pathIn` alone.
 */

const digestShape = /^[0-9a-f]{64}$/;
const keyShape = /^[0-9a-z][0-9a-z-]{0,63}$/;

/** Tells if a value is a SHA-256 in hex, by which artifacts and checkpoints are named. */
export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && digestShape.test(value);

/** Tells if a value can be the key of a piece of work. */
export const isKey = (value: unknown): value is string => typeof value === 'string' && keyShape.test(value);

/** Tells if a value can be the name of a bundle's file: a path of plain names, with slashes, that leads inwards. */
export const isMemberName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 1024 && value.split('/').every(isPlain);

/** A name of a file or folder that no system reads as anything else. */
const isPlain = (part: string): boolean =>
  part !== '' &&
  part !== '.' &&
  part !== '..' &&
  !/[\\\0]|^[a-z]:/i.test(part) &&
  Buffer.byteLength(part) <= 255;

/**
 * Names an artifact, or a file of one that is a bundle: `objects/ab/abcdef…/net.onnx`.
 * @throws ArtifactError unless the digest is one
 */
export function objectName(digest: string, member = ''): string {
  if (!isDigest(digest))
    throw new ArtifactError(
      'ArtifactMissing',
      `there is no artifact ${shown(digest)}: artifacts are named by a SHA-256, 64 hexadecimal digits`,
      [{ sha256: String(digest), bytes: 0 }],
    );
  return ['objects', digest.slice(0, 2), digest, ...(member ? [member] : [])].join('/');
}

/** Names the note of finished work. @throws RangeError unless the key is one */
export const resultName = (key: string): string => `results/${checkedKey(key)}.json`;

/** Names the note on a user's file that was imported. @throws RangeError unless the key is one */
export const importName = (key: string): string => `imports/${checkedKey(key)}.json`;

/** Names the folder of a key's checkpoints. @throws RangeError unless the key is one */
export const checkpointsName = (key: string): string => `checkpoints/${checkedKey(key)}`;

/** Names the file that others put somewhere for a key's work. @throws RangeError unless the key is one */
export const placedName = (key: string): string => `placed/${checkedKey(key)}/model.onnx`;

/** Names the note that says which file of a checkpoint's folder is current. @throws RangeError unless the key is one */
export const pointerName = (key: string): string => `${checkpointsName(key)}/latest.json`;

/** Names the file of a checkpoint. @throws RangeError unless the key is one, and the digest */
export function checkpointName(key: string, digest: string): string {
  if (!isDigest(digest)) throw new RangeError(`${shown(digest)} is not the SHA-256 of a checkpoint`);
  return `${checkpointsName(key)}/${digest}`;
}

/**
 * Turns a name into the path of a file or folder in `root`: the only place in which names become paths.
 * @throws RangeError if it would lead out of `root`, or is no name
 */
export function pathIn(root: string, name: string): string {
  if (!isMemberName(name)) throw new RangeError(`${shown(name)} can't be the name of a file`);
  return join(root, name);
}

function checkedKey(key: string): string {
  if (!isKey(key)) throw new RangeError(`${shown(key)} is not the key of a piece of work`);
  return key;
}

/** Shows what is no name, in bounds. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
