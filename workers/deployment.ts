import type { VersioningBehavior } from '@temporalio/common';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { engineVersion } from '../activities/activity-context';
import { compiled, digestOf, sdkVersions, workflowModules } from './workflow-modules';

/** Worker Versioning: the runs that this worker takes. See docs/versioning.md. */
export interface Deployment {
  /** Name that all versions of these workers share. */
  readonly name: string;
  /** Name of this version; by default made from the package's version, the workflows' code and the engine. */
  readonly buildId?: string;
  /** PINNED (the default): a run finishes on the version it started on. AUTO_UPGRADE: it moves to the current one. */
  readonly behavior?: VersioningBehavior;
}

/** Builds the options by which a worker declares its version to Temporal. */
export const deploymentOptions = ({
  name,
  buildId = defaultBuildId(),
  behavior = 'PINNED',
}: Deployment): WorkerDeploymentOptions => ({
  version: { deploymentName: name, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: behavior,
});

/**
 * Computes a build id, `0.1.0-3f2a…`, which changes with the package, the workflows' code, Temporal's SDK, and the
 * engine.
 */
export function defaultBuildId(root = compiled): string {
  const hash = createHash('sha256').update(engineVersion()).update(JSON.stringify(sdkVersions()));
  for (const name of workflowModules(root)) hash.update(name).update(digestOf(join(root, name)));
  const manifest = readFileSync(join(compiled, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `${version}-${hash.digest('hex').slice(0, 12)}`;
}
