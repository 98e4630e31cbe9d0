import { Client, type Connection, type ConnectionLike } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { join } from 'node:path';

import { startGuidebook } from '../../client/start-guidebook';
import { registerAttributes, usableAttributes } from '../../server/register-attributes';
import { FileStore } from '../../store/file-store';
import { workflowCode } from '../../workers/workflow-bundle';
import { guidebook } from '../../workflow';
import { attributeKeys } from '../../contract/search-attributes';
import { slimflow } from '../support/cli';
import { fakeActivities, fakeInput } from '../support/fake-activities';
import { fakeWorker, specIn } from '../support/fake-run';
import { inFolder } from '../support/folder';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const names = attributeKeys.map(({ name }) => name);
/** A namespace of its own; a server takes some time to know one everywhere. */
async function namespace(name: string): Promise<string> {
  const { workflowService } = server.connection;
  await workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const isKnown = () =>
    workflowService.countWorkflowExecutions({ namespace: name }).then(
      () => true,
      () => false,
    );
  while (!(await isKnown())) await new Promise((resolve) => setTimeout(resolve, 100));
  return name;
}
const add = (name: string, searchAttributes: Record<string, number>) =>
  server.connection.operatorService.addSearchAttributes({ namespace: name, searchAttributes });
const [keyword, double] = [2, 4];

describe('search attributes', () => {
  it('that a server lacks do not break a run; `slimflow setup` adds them, once', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const worker = await fakeWorker(server.nativeConnection, 'audit');
      const run = async (tolerance: number) => {
        const spec = specIn(folder, { tolerance });
        const started = await startGuidebook(server.client, spec, { store, taskQueue: 'audit' });
        const result = await started.handle.result();
        return { ...started, result };
      };
      await worker.runUntil(async () => {
        const without = await run(1);
        expect(without.missingAttributes).toEqual(names);
        expect(without.result.outcome).toBe('selected');

        const setup = () =>
          slimflow(folder, ['setup'], undefined, {
            TEMPORAL_ADDRESS: server.address,
            TEMPORAL_NAMESPACE: 'default',
          });
        const first = await setup();
        expect(first.err).toBe('');
        for (const name of names) expect(first.out).toMatch(new RegExp(`added +${name} \\(`));
        const second = await setup();
        for (const name of names) expect(second.out).toMatch(new RegExp(`exists +${name} \\(`));
        expect([first.status, second.status]).toEqual([0, 0]);

        const { missingAttributes, result, handle } = await run(2);
        expect(missingAttributes).toEqual([]);
        const of = async (id: string) => {
          const { typedSearchAttributes } = await server.client.workflow.getHandle(id).describe();
          return Object.fromEntries(
            typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
          );
        };
        const selected = result.candidates.find(({ id }) => id === result.selected)!;
        const { achieved: ratio, metricAfter: metric } = selected;
        expect(await of(handle.workflowId)).toMatchObject({
          SlimflowModel: 'resnet',
          SlimflowStage: 'done',
          SlimflowTarget: 0.5,
          SlimflowRatio: ratio,
          SlimflowMetric: metric,
          SlimflowOutcome: 'selected',
        });
        const child = await of(`${handle.workflowId}/${selected.id}`);
        expect(child).toMatchObject({
          SlimflowModel: 'resnet',
          SlimflowCandidate: selected.id,
          SlimflowOutcome: 'done',
          SlimflowMetric: metric,
        });
        // Relative to the original, whatever the candidate was made of.
        expect(child.SlimflowRatio).toBeCloseTo(ratio, 4);
        expect(child.SlimflowTarget).toBeCloseTo(0.5, 2);

        const { events = [] } = await handle.fetchHistory();
        const upserts = events?.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes) ?? [];
        expect(upserts.length).toBeLessThanOrEqual(7); // one a stage, and the start has set the first
        for (const one of [handle, server.client.workflow.getHandle(`${handle.workflowId}/${selected.id}`)])
          await Worker.runReplayHistory({ ...workflowCode() }, await one.fetchHistory(), one.workflowId);
      });
    }));

  it('are left alone by a workflow that gets none', () =>
    server.client.withDeadline(Date.now() + 300_000, async () => {
      const { calls: _calls, ...activities } = fakeActivities();
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue: 'untold',
        ...workflowCode(),
        activities,
      });
      const result = await worker.runUntil(() =>
        server.client.workflow.execute(guidebook, {
          taskQueue: 'untold',
          workflowId: 'untold',
          args: [fakeInput()],
        }),
      );
      expect(result).toMatchObject({ outcome: 'selected' });
    }));

  it('that the server turns out not to know after all do not keep a run from starting', () =>
    inFolder(async (folder) => {
      const behind = await namespace('behind');
      // What one server of a cluster lists already, another does not know yet.
      const listed = Object.fromEntries(
        attributeKeys.map(({ name, type }) => [name, type === 'DOUBLE' ? double : keyword]),
      );
      const connection = Object.create(server.connection, {
        operatorService: { value: { listSearchAttributes: async () => ({ customAttributes: listed }) } },
      }) as Connection;
      const client = new Client({ connection, namespace: behind });
      const store = new FileStore(join(folder, 'store'));
      const { missingAttributes, handle } = await startGuidebook(client, specIn(folder), {
        store,
        taskQueue: 'behind',
      });
      expect(missingAttributes).toEqual(names);
      expect((await handle.describe()).status.name).toBe('RUNNING');
      await handle.terminate();
    }));

  it('of another type, or where there is no room, are left out with the reason; the others are used', async () => {
    const crowded = await namespace('crowded');
    await add(crowded, { SlimflowModel: double, OtherRatio: double });
    await add(crowded, { SlimflowStage: keyword });
    const registration = await registerAttributes(server.connection, crowded);
    expect(registration).toMatchObject({
      there: ['SlimflowStage'],
      added: ['SlimflowCandidate', 'SlimflowOutcome', 'SlimflowTarget'],
      missing: [
        { name: 'SlimflowModel', type: 'Keyword', why: expect.stringContaining('of type Double') as string },
        { name: 'SlimflowRatio', why: expect.stringContaining('more than 3 search attribute') as string },
        { name: 'SlimflowMetric' },
      ],
    });
    expect(await usableAttributes(server.connection, crowded)).toEqual([
      'SlimflowCandidate',
      'SlimflowStage',
      'SlimflowOutcome',
      'SlimflowTarget',
    ]);
  });

  it('are read from the namespace if operator rights are missing, and none if nothing can be asked', async () => {
    const refuse = () =>
      Promise.reject(Object.assign(new Error('refused'), { details: 'Request unauthorized.' }));
    const aliases = { Keyword01: 'SlimflowModel', Double03: 'SlimflowRatio', Text01: 'SlimflowStage' };
    const unprivileged = (describeNamespace: () => Promise<unknown>) =>
      ({
        withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
        operatorService: { listSearchAttributes: refuse, addSearchAttributes: refuse },
        workflowService: { describeNamespace },
      }) as unknown as ConnectionLike;
    const cloud = unprivileged(async () => ({ config: { customSearchAttributeAliases: aliases } }));
    expect(await usableAttributes(cloud, 'any')).toEqual(['SlimflowModel', 'SlimflowRatio']);
    expect((await registerAttributes(cloud, 'any')).missing).toContainEqual({
      name: 'SlimflowCandidate',
      type: 'Keyword',
      why: 'Request unauthorized.',
    });
    expect(await usableAttributes(unprivileged(refuse), 'any')).toEqual([]);
  });
});
