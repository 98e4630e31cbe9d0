import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import { workflowRoots } from '../../client/gc-roots';
import { removeGarbage } from '../../store/remove-garbage';
import { workflowCode } from '../../workers/workflow-bundle';
import { guidebook } from '../../workflow';
import { fakeActivities, fakeInput } from '../support/fake-activities';
import { inFileStore } from '../support/stores';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

it('what a running workflow names is kept, also where its children and activities named it; the rest goes', () =>
  inFileStore(async ({ store }) => {
    const [labels, other] = [await store.putBytes('labels'), await store.putBytes('other')];
    const input = fakeInput();
    let reached = () => {};
    const tuning = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => {};
    const collected = new Promise<void>((resolve) => (goOn = resolve));
    const { calls: _calls, ...activities } = fakeActivities({
      before: async (activity) => {
        if (activity !== 'fineTune') return;
        reached();
        await collected;
      },
    });
    const options = { taskQueue: 'gc', workflowId: 'gc' };
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'gc',
      ...workflowCode(),
      activities,
    });
    const data = { ...input.data, train: { ...input.data.train, labels } };
    const result = await worker.runUntil(async () => {
      const handle = await server.client.workflow.start(guidebook, {
        ...options,
        args: [{ ...input, data }],
      });
      await tuning;
      const { artifacts: found, unread } = await workflowRoots(server.client);
      expect(unread).toEqual([]);
      expect(found.map(({ uri }) => uri)).toEqual(
        expect.arrayContaining([input.model.uri, 'fake:scores', 'fake:c1 spatial-svd', labels.uri]),
      );
      const olderThan = Date.now() + 1e9;
      const findRoots = async () => ({ ...(await workflowRoots(server.client)), complete: true });
      const { removed } = await removeGarbage(store, findRoots, { olderThan });
      expect(removed.map(({ name }) => name)).toEqual([other.sha256]);
      expect(await store.has(labels)).toBe(true);
      goOn();
      return await handle.result();
    });
    expect(result.outcome).toBe('selected');
    // It is over, and still kept.
    expect((await workflowRoots(server.client)).artifacts.map(({ uri }) => uri)).toContain(labels.uri);
    const blind = new Client({
      connection: server.connection,
      dataConverter: {
        payloadCodecs: [
          {
            encode: async (payloads) => payloads,
            decode: async (payloads) =>
              payloads.map(({ data }) => ({ data, metadata: { encoding: Buffer.from('binary/encrypted') } })),
          },
        ],
      },
    });
    const { unread } = await workflowRoots(blind);
    expect(unread.map(({ what }) => what)).toContain('workflow gc in namespace default');
    expect(unread[0].why).toMatch(/encoding "binary\/encrypted", for which a codec is missing/);
  }));
