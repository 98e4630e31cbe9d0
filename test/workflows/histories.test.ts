import { DeterminismViolationError } from '@temporalio/workflow';
import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';

import { SlimflowPlugin } from '../../index';
import { example, names, read, recorded, version } from '../support/histories/files';
import { fileName } from '../support/histories/record';
import { scenarios } from '../support/histories/scenarios';
import { temporaryFolder } from '../support/folder';
import { quietly } from '../support/temporal';
import * as slimflow from '../../workflow';

const store = temporaryFolder();
beforeAll(quietly);

/** Returns the failures of replaying the histories of a folder, by their names. */
async function violations(of: string, options: ReplayWorkerOptions): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(options, read(of)))
    if (error) found[workflowId] = error;
  return found;
}

describe('recorded histories', () => {
  it.each(recorded().filter((of) => of !== example))('of version %s replay', async (of) => {
    expect(await violations(of, { plugins: [new SlimflowPlugin({ store })] })).toEqual({});
  });

  it('are there for every path of this version, and for every workflow', () => {
    const there = names(version);
    for (const { name, keep } of scenarios())
      for (const id of keep) {
        const file = fileName(name, id, 0, 1);
        expect(there.filter((one) => one === file || one.startsWith(`${file}.run-`))).not.toEqual([]);
      }
    const types = read(version).map(
      ({ history }) => history.events?.[0].workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    );
    const workflows = Object.entries(slimflow).filter(([, exported]) => typeof exported === 'function');
    expect([...new Set(types)].sort()).toEqual(workflows.map(([name]) => name).sort());
  });
});

describe('a step changed under running workflows', () => {
  it.each([
    ['before', 'as it was', false],
    ['careless', 'with no thought for them', true],
    ['patched', 'for those that come to it', false],
  ])('%s: %s', async (code, _, breaks) => {
    const workflowsPath = require.resolve(`../support/versions/${code}`);
    const found = Object.values(await violations(example, { workflowsPath }));
    expect(found).toEqual(breaks ? [expect.any(DeterminismViolationError)] : []);
  });
});
