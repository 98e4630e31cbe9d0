import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CompressionSpec } from '../../run-spec/spec';
import { workflowCode } from '../../workers/workflow-bundle';
import { fakeActivities, fakeInput, type World } from './fake-activities';

/** A spec whose files are in a folder; the fake world reads its model from the store's reference. */
export function specIn(folder: string, changes: object = {}): CompressionSpec {
  for (const name of ['resnet.onnx', 'x.npy', 'y.npy']) writeFileSync(join(folder, name), name);
  const split = { images: join(folder, 'x.npy'), labels: join(folder, 'y.npy') };
  return CompressionSpec.parse({
    model: join(folder, 'resnet.onnx'),
    data: { train: split, evaluate: split, test: { ...split, range: [0, 1] } },
    target: 0.5,
    tolerance: 1,
    ...changes,
  });
}

/** Activities that know the one model of the spec besides those of the fake world. */
function worldOf(world: Partial<World> = {}) {
  const { calls: _calls, ...fakes } = fakeActivities(world);
  const { model: original } = fakeInput();
  const known = <Request extends object>(request: Request): Request =>
    JSON.parse(JSON.stringify(request), (_key, value: { uri?: string } | null) =>
      value && typeof value === 'object' && value.uri?.startsWith('file:') ? original : value,
    ) as Request;
  return Object.fromEntries(
    Object.entries(fakes).map(([name, activity]) => [
      name,
      (request: object) => (activity as (request: object) => Promise<unknown>)(known(request)),
    ]),
  );
}

/** A worker of the fake world for runs that `startGuidebook` starts. */
export const fakeWorker = (
  connection: NativeConnection,
  taskQueue: string,
  world?: Partial<World>,
): Promise<Worker> =>
  Worker.create({
    connection,
    taskQueue,
    ...workflowCode(),
    activities: worldOf(world),
    maxHeartbeatThrottleInterval: 100,
  });
