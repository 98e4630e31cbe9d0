import { utimesSync } from 'node:fs';

import { collectGarbage } from '../../client/collect-garbage';
import { prepare } from '../../intake/prepare';
import { loadSpec } from '../../run-spec/load';
import type { Store } from '../../store/store';
import { aesCodec } from '../../server/codec/aes-gcm';
import { guidebookServer } from '../support/guidebook-server';
import { fakeInput } from '../support/fake-activities';
import { inFileStore } from '../support/stores';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';

const server = guidebookServer();

/** Puts bytes into a store as if a month ago. */
async function old(store: Store, text: string) {
  const ref = await store.putBytes(text);
  utimesSync(new URL(ref.uri), 0, 0);
  return ref;
}

it('what a schedule needs that has not run yet is kept, and so is what a run of another namespace needs', () =>
  inFileStore(async ({ store, folder }) => {
    const client = server.client();
    const [garbage, elsewhere] = [await old(store, 'garbage'), await old(store, 'elsewhere')];
    const input = await prepare(loadSpec(tinyJob(folder)), store);
    for (const { uri } of [input.model, input.data.train.images]) utimesSync(new URL(uri), 0, 0);
    await client.schedule.create({
      scheduleId: 'nightly',
      spec: { intervals: [{ every: '30 days' }] },
      action: { type: 'startWorkflow', workflowType: 'guidebook', taskQueue: 'nobody', args: [input] },
      state: { paused: true },
    });
    const { workflowService } = client;
    const retention = { seconds: 86_400 as never };
    await workflowService.registerNamespace({
      namespace: 'other',
      workflowExecutionRetentionPeriod: retention,
    });
    const { namespace } = client.options;
    const args = [{ ...fakeInput(), model: elsewhere }];
    await until(() =>
      workflowService
        .startWorkflowExecution({
          namespace: 'other',
          workflowId: 'theirs',
          requestId: 'theirs',
          workflowType: { name: 'guidebook' },
          taskQueue: { name: 'nobody' },
          input: {
            payloads: args.map((arg) => client.options.loadedDataConverter.payloadConverter.toPayload(arg)),
          },
        })
        .then(
          () => true,
          () => false,
        ),
    );
    // Lists lag behind.
    await until(async () => {
      const { removed, namespaces } = await collectGarbage(client, store, { keepDays: 1, dryRun: true });
      expect(namespaces).toEqual(expect.arrayContaining([namespace, 'other']));
      return removed.length === 1;
    });
    const { removed, kept, unread } = await collectGarbage(client, store, { keepDays: 1 });
    expect([removed.map(({ name }) => name), kept, unread]).toEqual([[garbage.sha256], [], []]);
    expect(await store.has(elsewhere)).toBe(true);
  }));

it('a workflow whose codec is missing keeps all that it may need, and says so; with the codec it is read', () =>
  inFileStore(async ({ store }) => {
    const client = server.client();
    const [garbage, needed] = [await old(store, 'garbage'), await old(store, 'needed')];
    const codec = aesCodec(`a=${Buffer.alloc(32, 1).toString('base64')}`);
    const { payloadConverter } = client.options.loadedDataConverter;
    const payloads = await codec.encode([payloadConverter.toPayload({ ...fakeInput(), model: needed })]);
    await client.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      workflowId: 'secret',
      requestId: 'secret',
      workflowType: { name: 'guidebook' },
      taskQueue: { name: 'nobody' },
      input: { payloads },
    });
    const collect = (of: typeof client) => collectGarbage(of, store, { keepDays: 1 });
    await until(async () => (await collect(client)).unread.length === 1);
    const { removed, kept, unread } = await collect(client);
    expect([removed, kept.map(({ name }) => name).sort()]).toEqual([
      [],
      [garbage.sha256, needed.sha256].sort(),
    ]);
    expect(unread).toEqual([
      {
        what: 'workflow secret in namespace default',
        why: expect.stringContaining('binary/encrypted') as string,
      },
    ]);
    const reading = Object.assign(Object.create(client) as typeof client, {
      options: {
        ...client.options,
        loadedDataConverter: { ...client.options.loadedDataConverter, payloadCodecs: [codec] },
      },
    });
    expect((await collect(reading)).removed.map(({ name }) => name)).toEqual([garbage.sha256]);
  }));
