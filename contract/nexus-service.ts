import { operation, service } from 'nexus-rpc';

import type { Result } from '../run-spec/result-schema';
import type { GuidebookInput, SpecInput } from './run';

/**
 * Slimflow as a Nexus service, for workflows of other namespaces. `compress` runs the guidebook on what `prepare` gave, or
 * on a spec, and returns the content of result.json; asked again for the same, it joins the run in progress.
 *
 * @example
 * ```ts
 * import { createNexusServiceClient } from '@temporalio/workflow';
 * import { type GuidebookInput, slimflowService } from 'slimflow/workflow';
 *
 * export async function release(input: GuidebookInput): Promise<string | null> {
 *   const slimflow = createNexusServiceClient({ endpoint: 'compression', service: slimflowService });
 *   const { selected } = await slimflow.executeOperation('compress', input, { scheduleToCloseTimeout: '30 days' });
 *   return selected;
 * }
 * ```
 */
export const slimflowService = service('slimflow', {
  compress: operation<GuidebookInput | SpecInput, Result>(),
});
