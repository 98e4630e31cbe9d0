import type { Client } from '@temporalio/client';

import type { RunEnd } from '../client/observation';
import { endOf } from '../client/queries';
import { statusOf } from '../client/run-status';
import { BadInput } from './exit-status';

/** Returns how a run ended. @throws BadInput if it is still running */
export async function endOfRun(client: Client, workflowId: string): Promise<RunEnd> {
  const handle = client.workflow.getHandle(workflowId);
  const status = statusOf(await handle.describe());
  if (status === 'running')
    throw new BadInput(`run ${workflowId} is still running; follow it with \`slimflow watch ${workflowId}\``);
  return endOf(handle, status);
}
