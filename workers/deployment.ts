import type { VersioningBehavior } from '@temporalio/common';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { engineVersion } from '../activities/activity-context';

/** Worker Versioning: which runs this worker takes. See docs/versioning.md. */
export interface Deployment {
  /** The name that all versions of these workers share. */
  readonly name: string;
  /** This version's name; by default of the package's version, the workflows' code and the engine. */
  readonly buildId?: string;
  /** PINNED (the default): a run ends on the version it began on. AUTO_UPGRADE: it moves to the current one. */
  readonly behavior?: VersioningBehavior;
}

/** What a worker tells Temporal of its version. */
export const deploymentOptions = ({
  name,
  buildId = defaultBuildId(),
  behavior = 'PINNED',
}: Deployment): WorkerDeploymentOptions => ({
  version: { deploymentName: name, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: behavior,
});

/** `0.1.0-3f2a…`: changes with the package, with the code of the workflows, and with the engine. */
export function defaultBuildId(): string {
  const root = join(__dirname, '..');
  const hash = createHash('sha256').update(engineVersion());
  for (const room of ['workflows', 'contract']) {
    const files = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' });
    for (const name of files.filter((name) => name.endsWith('.js')).sort())
      hash.update(name).update(readFileSync(join(root, room, name)));
  }
  const manifest = readFileSync(join(root, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `${version}-${hash.digest('hex').slice(0, 12)}`;
}
