import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { join } from 'node:path';

import { startGuidebook, taskQueueOf } from '../../client/start-guidebook';
import { answers } from '../../server/reachable';
import { startServer } from '../../server/find-server';
import { FileStore } from '../../store/file-store';
import { progressQuery } from '../../workflow';
import { expectStatus, slimflow } from '../support/cli';
import { fakeWorker, specIn } from '../support/fake-run';
import { inFolder } from '../support/folder';
import { quietly } from '../support/temporal';

it('slimflow server runs until Ctrl-C, and says where its UI is', () =>
  inFolder(async (folder) => {
    const ended = await slimflow(folder, ['server'], (said, child) => {
      if (said.includes('Press Ctrl-C to stop.') && !child.killed) child.kill('SIGINT');
    });
    expectStatus(ended, 0);
    const { out } = ended;
    expect(out).toMatch(
      /^Temporal: 127\.0\.0\.1:\d+, development server started .*\nUI: http:\/\/127\.0\.0\.1:\d+\n/,
    );
    expect(out).toContain('Stopped.');
    const [, address] = /Temporal: (\S+),/.exec(out)!;
    expect(await answers(address)).toBe(false);
  }));

it('it answers what the UI asks about runs that have ended, with no other worker there', () =>
  inFolder(async (folder) => {
    quietly();
    const state = join(folder, '.slimflow');
    const store = new FileStore(join(state, 'store'));
    const taskQueue = await taskQueueOf(store);
    const first = await startServer(state);
    const native = await NativeConnection.connect(first.connection);
    const connection = await Connection.connect(first.connection);
    const worker = await fakeWorker(native, taskQueue);
    const { workflowId } = await worker.runUntil(async () => {
      const client = new Client({ connection });
      const { handle } = await startGuidebook(client, specIn(folder), { store, taskQueue });
      return handle.result();
    });
    await Promise.all([native.close(), connection.close()]);
    await first.release();

    let asked: Promise<unknown> | undefined;
    const ended = await slimflow(folder, ['server'], (said, child) => {
      const address = /^Temporal: ([^ ,]+),/.exec(said)?.[1];
      if (!address || !said.includes('Press Ctrl-C to stop.')) return;
      asked ??= ask(address, workflowId).finally(() => child.kill('SIGINT'));
    });
    expect(await asked).toMatchObject({ stage: 'done' });
    expectStatus(ended, 0);
  }));

/** Queries a run as the UI would. */
async function ask(address: string, workflowId: string): Promise<unknown> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    return await workflow.getHandle(workflowId).query(progressQuery);
  } finally {
    await connection.close();
  }
}
