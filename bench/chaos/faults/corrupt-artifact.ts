import { open } from 'node:fs/promises';

import { ignoreMissing } from '../../../store/files';
import { drawArtifact, isWhole } from './artifacts';
import type { Fault } from './fault';

/** A byte of a computed file is flipped, or its second half cut off. */
export const corruptArtifact: Fault = {
  title: 'bytes of an artifact are flipped or cut off',
  remedy: 'the digest reveals it; it is computed again when it is needed',
  async cause({ store }, { draw }) {
    const artifact = drawArtifact(store, draw);
    if (!artifact) return undefined;
    const middle = Math.floor(artifact.bytes / 2);
    const cutOff = Math.floor(1000 * draw) % 2 === 0;
    const file = await open(artifact.path, 'r+').catch(ignoreMissing);
    if (!file) return undefined;
    try {
      if (cutOff) await file.truncate(middle);
      else {
        const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
        await file.write(Buffer.from([buffer[0] ^ 0xff]), 0, 1, middle);
      }
    } finally {
      await file.close();
    }
    return {
      hit: `${artifact.sha256.slice(0, 12)}, ${cutOff ? 'cut in half' : 'a byte flipped'}`,
      over: Promise.resolve(),
      recovery: { by: 'restored', isRestored: () => isWhole(artifact) },
    };
  },
};
