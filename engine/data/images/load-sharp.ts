import { createRequire } from 'node:module';

import type { default as Sharp } from 'sharp';

let loaded: typeof Sharp | undefined;

/**
 * Loads the library that decodes images on first use, so that nothing else pays for it.
 * @throws Error if its binary for this machine is not installed
 */
export function loadSharp(load: () => unknown = () => createRequire(__filename)('sharp')): typeof Sharp {
  if (loaded) return loaded;
  let sharp: typeof Sharp;
  try {
    sharp = load() as typeof Sharp;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(
      `images can't be decoded, since the library sharp does not load on this machine (${process.platform} ${process.arch}): ` +
        `${reason}. Its binary is an optional npm package: install with optional packages, for this platform ` +
        '(npm install --include=optional sharp)',
      { cause: error },
    );
  }
  // Each file is decoded once, by one thread; decoding several files at a time keeps all cores busy.
  sharp.cache(false);
  sharp.concurrency(1);
  return (loaded = sharp);
}
