import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { join } from 'node:path';

import { activitiesAt } from '../../activities';
import type { Activities, DataRef } from '../../contract/activities';
import type { Workplace } from '../../activities/activity-context';
import { FileStore } from '../../store/file-store';
import type { Store } from '../../store/store';
import { fakePool } from './fake-pool';
import { inFolder } from './folder';

/** Failures are what many tests provoke: their log would only be noise. */
export const silent = new DefaultLogger('ERROR', () => undefined);

const settings = { threads: 2, checkpointSeconds: 5, drainMs: 5000, version: 'test' };

/** Activities with a fresh store, as `within` hands it to them, and a fake pool. */
export async function atWork(
  jobs: Parameters<typeof fakePool>[0],
  work: (place: Workbench) => Promise<void>,
  within: (store: Store) => Store = (store) => store,
  more: Pick<Workplace, 'overflow' | 'importFrom'> = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const store = new FileStore(join(folder, 'store'));
    const pool = fakePool(jobs);
    const activities = activitiesAt({ store: within(store), pool, ...settings, ...more });
    const split: DataRef = {
      images: await store.putBytes('images'),
      labels: await store.putBytes('labels'),
      range: [0, 1],
    };
    await work({
      store,
      calls: pool.calls,
      model: await store.putBytes('model'),
      split,
      do: (name, request, environment = new MockActivityEnvironment({}, { logger: silent })) =>
        environment.run<[unknown], never, (request: unknown) => Promise<never>>(
          activities[name] as (request: unknown) => Promise<never>,
          request,
        ) as never,
    });
  });
}

interface Workbench {
  readonly store: FileStore;
  readonly calls: ReturnType<typeof fakePool>['calls'];
  readonly model: Awaited<ReturnType<FileStore['putBytes']>>;
  readonly split: DataRef;
  /** Runs an activity as a worker would. */
  readonly do: <Name extends keyof Activities>(
    name: Name,
    request: Parameters<Activities[Name]>[0],
    environment?: MockActivityEnvironment,
  ) => ReturnType<Activities[Name]>;
}
