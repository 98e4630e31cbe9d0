import type { PayloadCodec } from '@temporalio/common';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { aesCodec } from './aes-gcm';
import { remoteCodec } from './remote';

/** The codec of this name is the shipped one, with keys from SLIMFLOW_CODEC_KEYS. */
export const shippedCodec = 'aes-gcm';

/**
 * Loads the codecs that a user names: `aes-gcm`, the address of a codec server, or a module whose default export is a
 * `PayloadCodec` or a list of them.
 * @throws Error that names the module or variable, and what is wrong with it
 */
export async function loadCodecs(name: string, namespace: string): Promise<PayloadCodec[]> {
  if (name === shippedCodec) return [aesCodec()];
  if (/^https?:\/\//.test(name)) return [remoteCodec(name, { namespace })];
  const file = resolve(name);
  let exported: { default?: unknown };
  try {
    exported = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    throw new Error(`codec ${file} can't be loaded: ${(error as Error).message}`, { cause: error });
  }
  const codecs = [exported.default].flat() as PayloadCodec[];
  if (
    codecs.length &&
    codecs.every((codec) => typeof codec?.encode === 'function' && typeof codec.decode === 'function')
  )
    return codecs;
  throw new Error(
    `codec ${file} must have a default export with the functions encode and decode, or a list of such (Temporal's PayloadCodec)`,
  );
}
