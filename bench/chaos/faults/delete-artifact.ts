import { rm } from 'node:fs/promises';

import { drawArtifact, isWhole } from './artifacts';
import type { Fault } from './fault';

/** A computed file is gone from the store. */
export const deleteArtifact: Fault = {
  title: 'an artifact is deleted from the store',
  remedy: 'it is computed again when it is needed',
  async cause({ store }, { draw }) {
    const artifact = drawArtifact(store, draw);
    if (!artifact) return undefined;
    await rm(artifact.path, { force: true });
    return {
      hit: artifact.sha256.slice(0, 12),
      over: Promise.resolve(),
      recovery: { by: 'restored', isRestored: () => isWhole(artifact) },
    };
  },
};
