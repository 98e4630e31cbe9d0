import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import { defaultBuildId, deploymentOptions } from '../../workers/deployment';
import { guidebook } from '../../workflow';
import { fakeInput, type World } from '../support/fake-activities';
import { FakedPlugin } from '../support/faked-plugin';
import { inFolder } from '../support/folder';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const taskQueue = 'versioned';
const deployment = { name: 'slimflow' };

/** Makes a version the one that new runs go to, once its worker is known to the server. */
async function makeCurrent(buildId: string): Promise<void> {
  const { client, namespace } = server;
  const request = { namespace: namespace ?? 'default', deploymentName: deployment.name, buildId };
  for (;;) {
    const known = await client.workflowService.setWorkerDeploymentCurrentVersion(request).then(
      () => true,
      () => false,
    );
    if (known) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const start = (workflowId: string) =>
  server.client.workflow.start(guidebook, { taskQueue, workflowId, args: [fakeInput()] });
const buildIdOf = async (workflowId: string) => {
  const { raw } = await server.client.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
};

it('a build id tells package, workflows and engine; runs are pinned unless asked otherwise', () => {
  expect(defaultBuildId()).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
  expect(deploymentOptions(deployment)).toEqual({
    version: { deploymentName: 'slimflow', buildId: defaultBuildId() },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  });
  expect(deploymentOptions({ ...deployment, buildId: 'b', behavior: 'AUTO_UPGRADE' })).toMatchObject({
    version: { buildId: 'b' },
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  });
});

it('a run ends on the version that it began on, children too; later ones begin on the current', () =>
  inFolder(async (store) => {
    let leave = () => {};
    const left = new Promise<void>((resolve) => (leave = resolve));
    let tuning = () => {};
    const isTuning = new Promise<void>((resolve) => (tuning = resolve));
    const worker = (buildId: string, world: Partial<World> = {}) =>
      Worker.create({
        connection: server.nativeConnection,
        taskQueue,
        plugins: [new FakedPlugin({ store, deployment: { ...deployment, buildId } }, world)],
      });
    const first = await worker('one', {
      before: (name) => {
        if (name !== 'fineTune') return;
        tuning();
        return left;
      },
    });
    const second = await worker('two');
    await first.runUntil(async () => {
      await makeCurrent('one');
      const running = await start('begun-on-one');
      await isTuning;
      await second.runUntil(async () => {
        await makeCurrent('two');
        leave();
        await running.result();
        // The task queue learns of its new version a moment later: some run is the first to begin on it.
        for (let next = 1; ; next++) {
          const id = `next-${next}`;
          await (await start(id)).result();
          if ((await buildIdOf(id)) === 'two') break;
        }
      });
    });
    expect(await buildIdOf('begun-on-one')).toBe('one');
    // Pruning candidates begin after the second version has become the current one.
    expect(await buildIdOf('begun-on-one/ssvd-0.75/cp-0.67')).toBe('one');
  }));
