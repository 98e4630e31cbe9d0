import { executeChild } from '@temporalio/workflow';

import { guidebook } from '../../workflow';
import type { GuidebookInput } from '../../workflow';

export * from '../../workflow';

/** A user's own workflow, with Slimflow's as its child. */
export async function nightly(input: GuidebookInput): Promise<string> {
  const { outcome } = await executeChild(guidebook, { args: [input] });
  return `nightly: ${outcome}`;
}
