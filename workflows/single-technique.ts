import type { Technique } from '../engine/names';
import { withAdded } from './with-added-candidates';
import { planned } from './make-candidates';
import { pruningPlans } from './channel-pruning';
import { svdPlans } from './decomposition';
import type { StepContext } from './step-context';
import { aloneTargets } from './rules/targets';

/** One technique alone, on the original, to targets around C: there is nothing to pick for a second one. */
export async function alone(context: StepContext, technique: Technique): Promise<void> {
  const { run, original, sources } = context;
  const isPruning = technique === 'channel-pruning';
  run.people.close('picks', 'one technique alone has no picks');
  run.stage(isPruning ? 'channel pruning' : 'SVD');
  const source = await sources.of(technique);
  const { target, ccpFactors, ssvdTargets } = run.settings;
  run.people.close('ccpFactors', 'the targets are planned already: addCandidate adds one');
  run.people.close('ssvdTargets', 'the targets are planned already: addCandidate adds one');
  const targets = aloneTargets(target, ccpFactors);
  const plans = isPruning ? pruningPlans(targets) : svdPlans(technique, ssvdTargets ?? targets, 0);
  await withAdded(context, [planned(run, original, plans, source)]);
}
