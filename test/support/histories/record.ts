/**
 * Records the histories that the workflows' determinism is held by, on a real server with fake activities:
 *
 *     npm run histories
 *
 * Those of this package's version are written again; those of released versions stay as they are. Say in the commit why
 * the workflows changed. See docs/versioning.md.
 */
import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { queueOf } from '../../../contract/task-queues';
import type { Calls } from '../fake-activities';
import { chain, withFakeWorker } from '../fake-server';
import { temporal } from '../temporal';
import { modelActivities } from '../versions/activities';
import { shrink } from '../versions/before';
import { clear, example, version, write } from './files';
import type { Scenario } from './scenario';
import { scenarios } from './scenarios';

/**
 * Returns the name of a history's file: the scenario, the workflow in it, and the number of its run if there are
 * several.
 */
export const fileName = (scenario: string, id: string, at: number, runs: number): string =>
  [scenario, ...(id ? [id.replaceAll('/', '_')] : []), ...(runs > 1 ? [`run-${at + 1}`] : [])].join('.');

async function record(server: TestWorkflowEnvironment, scenario: Scenario): Promise<void> {
  const { name, start, during, keep } = scenario;
  await withWorkers(server, scenario, async (calls) => {
    const handle = await start(server.client, { taskQueue: name, workflowId: name });
    await during?.(handle, calls, server.client);
    // How it ends is a part of the history.
    await server.client.workflow
      .getHandle(name)
      .result()
      .catch(() => undefined);
    for (const id of keep) {
      const runs = await chain(server, id ? `${name}/${id}` : name);
      for (const [at, run] of runs.entries())
        write(version, fileName(name, id, at, runs.length), await run.fetchHistory());
    }
  });
}

/** Runs `use` beside a worker on the scenario's task queue, and one on each of the queues beside it. */
function withWorkers(
  server: TestWorkflowEnvironment,
  { name, world, queues = [] }: Scenario,
  use: (calls: Calls) => Promise<void>,
): Promise<void> {
  const beside = queues.reduceRight<(calls: Calls) => Promise<void>>(
    (inner, kind) => (calls) => withFakeWorker(server, queueOf(name, kind), { world }, () => inner(calls)),
    use,
  );
  return withFakeWorker(server, name, { world }, beside);
}

async function recordExample(server: TestWorkflowEnvironment): Promise<void> {
  const options = {
    workflowBundle: undefined,
    workflowsPath: require.resolve('../versions/before'),
    activities: modelActivities,
  };
  await withFakeWorker(server, example, options, async () => {
    const ids = { taskQueue: example, workflowId: example };
    const handle = await server.client.workflow.start(shrink, { ...ids, args: ['resnet'] });
    await handle.result();
    write(example, 'shrink', await handle.fetchHistory());
  });
}

/** @param only scenarios to record beside the histories that are there; all from scratch if none is named */
async function main(only: readonly string[]): Promise<void> {
  const server = await temporal();
  try {
    if (!only.length) {
      clear(version);
      clear(example);
    }
    for (const scenario of scenarios().filter(({ name }) => !only.length || only.includes(name))) {
      await record(server, scenario);
      console.log(scenario.name);
    }
    if (!only.length) await recordExample(server);
  } finally {
    await server.teardown();
  }
}

if (require.main === module) void main(process.argv.slice(2));
