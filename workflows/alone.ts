import type { Technique } from '../engine/jobs/types';
import { makeCandidates } from './candidates';
import { pruneTo } from './channel-pruning';
import { svdPlans } from './decomposition';
import { aloneTargets } from './rules/targets';
import type { Run } from './run';
import { scores } from './scores';
import type { Candidate, Original } from './types';

/** One technique alone, on the original, to targets around C: there is nothing to pick for a second one. */
export async function alone(run: Run, original: Original, technique: Technique): Promise<Candidate[]> {
  const { settings, model } = run.input;
  const targets = aloneTargets(settings.target, settings.ccpFactors);
  if (technique === 'channel-pruning') {
    run.stage('channel pruning');
    return pruneTo(run, original, original, targets);
  }
  run.stage('SVD');
  const from = { model, scores: await scores(run, 'original', model, original, technique) };
  return makeCandidates(run, original, svdPlans(technique, settings.ssvdTargets ?? targets, 0), from);
}
