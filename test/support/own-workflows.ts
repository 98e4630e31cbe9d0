import { createNexusServiceClient, executeChild, proxyActivities } from '@temporalio/workflow';

import { guidebook, slimflowService, steps } from '../../workflow';
import type { GuidebookInput, SpecInput } from '../../workflow';

export * from '../../workflow';

/** A user's own workflow, with Slimflow's as its child. */
export async function nightly(input: GuidebookInput): Promise<string> {
  const { outcome } = await executeChild(guidebook, { args: [input] });
  return `nightly: ${outcome}`;
}

const { publish } = proxyActivities<{ publish(sha256: string): Promise<string> }>({
  startToCloseTimeout: '1 minute',
});

/** Single steps, with an activity of the user's among them. */
export async function smallest(given: SpecInput): Promise<unknown> {
  const input = await steps.import(given);
  const technique = 'spatial-svd';
  const analysis = await steps.analyze(input);
  const scores = await steps.score(input, { technique, analysis });
  const { model, achieved } = await steps.compress(input, { technique, target: 0.5, scores });
  const tuned = await steps.fineTune(input, model);
  const { value } = await steps.evaluate(input, tuned.model, 'test');
  const { ms } = await steps.latency(input, [input.model, tuned.model]);
  return { achieved, value, ms, published: await publish(tuned.model.sha256) };
}

/** The guidebook by Nexus, as a workflow of another namespace would ask for it. */
export async function byNexus(input: GuidebookInput, endpoint: string): Promise<string | null> {
  const slimflow = createNexusServiceClient({ endpoint, service: slimflowService });
  const { selected } = await slimflow.executeOperation('compress', input, {
    scheduleToCloseTimeout: '1 day',
  });
  return selected;
}
