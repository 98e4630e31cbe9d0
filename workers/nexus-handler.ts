import { startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import { serviceHandler } from 'nexus-rpc';

import { slimflowService } from '../contract/nexus-service';
import type { GuidebookInput, SpecInput } from '../contract/run';
import { runName } from '../contract/run-name';
import type { Result } from '../run-spec/result-schema';
import { canonicalJson, sha256 } from '../store/digest';
import type { Store } from '../store/store';
import type { guidebook } from '../workflows/guidebook';

/** Serves `slimflowService` on a worker of this store: an operation is a run like one that `startGuidebook` starts. */
export const nexusHandler = (store: Store) =>
  serviceHandler(slimflowService, {
    compress: new WorkflowRunOperationHandler<GuidebookInput | SpecInput, Result>(async (context, input) => {
      const { searchAttributes: _server, ...identity } = input;
      const digest = sha256(canonicalJson([identity, await store.id()])).slice(0, 12);
      return startWorkflow<typeof guidebook>(context, 'guidebook', {
        args: [input],
        workflowId: `slimflow/${runName(input)}/${digest}`,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
    }),
  });
