import { WorkflowFailedError } from '@temporalio/client';

import type { Activities } from '../../contract/activities';
import { hopeless, untilCancelled } from '../support/fake-activities';
import { worldServer } from '../support/world';

const { server, inWorld } = worldServer();

describe('a run that is cancelled', () => {
  it.each(['analyze', 'scoreLayer', 'fineTune'] as const)(
    'ends as cancelled if the store is away when it is cancelled in %s',
    async (activity) => {
      let began = 0;
      const before = async (name: keyof Activities) => {
        if (name !== activity) return;
        began++;
        await untilCancelled().catch(() => {
          throw hopeless('StoreUnreachable', 'connect ECONNREFUSED');
        });
      };
      await inWorld({ world: { before } }, async (handle) => {
        while (!began) await new Promise((resolve) => setTimeout(resolve, 50));
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
        const { status, memo } = await handle.describe();
        expect([status.name, memo?.outcome]).toEqual(['CANCELLED', 'cancelled']);
        if (activity !== 'fineTune') return;
        const child = await server().client.workflow.getHandle(`${handle.workflowId}/ssvd-0.50`).describe();
        expect(child.status.name).toBe('CANCELLED');
      });
    },
  );
});
