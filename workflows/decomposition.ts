import type { Technique } from '../engine/jobs/method';
import { makeCandidates } from './candidates';
import { prefixOf, techniqueNames } from './method';
import { fallback, pick, pickBudget, pickRule, pickVerdicts } from './rules/pick';
import { revisit } from './rules/revisit';
import { defaultTargets, targetNames } from './rules/targets';
import type { Run } from './run';
import { scores } from './scores';
import { together } from './together';
import type { Candidate, CandidatePlan, Original } from './types';

/** What steps 2 and 3 came to: all decomposed models, and those that go on. */
export interface Picked {
  readonly candidates: readonly Candidate[];
  readonly picks: readonly Candidate[];
}

/**
 * Step 2: spatial SVD (weight SVD, or both) to each target, fine-tuned, all side by side. Step 3': targets that prove
 * too bold or too timid are moved and run again. Step 3: the models that keep close to the original's metric are picked.
 */
export async function decomposition(
  run: Run,
  original: Original,
  techniques: readonly Technique[],
): Promise<Picked> {
  const { settings, model } = run.input;
  const { target, tolerance } = settings;
  const budget = settings.pick.budget ?? pickBudget(tolerance);
  const name = techniques.map((technique) => techniqueNames[technique]).join(' and ');
  run.stage('SVD');
  const sources = await together(
    techniques.map(async (technique) => ({
      technique,
      from: { ...original, model, scores: await scores(run, 'original', model, original, technique) },
    })),
  );

  const candidates: Candidate[] = [];
  const tried: number[] = [];
  let targets: readonly number[] = settings.ssvdTargets ?? defaultTargets(target);
  for (let round = 0; ; round++) {
    const made = await together(
      sources.map(({ technique, from }) =>
        makeCandidates(run, original, svdPlans(technique, targets, round), from),
      ),
    );
    candidates.push(...made.flat());
    tried.push(...targets);
    const again = revisit(candidates, target, budget, targets, tried);
    if (!again || round === settings.revisit.maxRevisits) break;
    targets = again.targets;
    run.note(
      again.direction === 'up'
        ? `revisit ${round + 1}: every ${name} model lost more than ${budget} points, so the targets moved up`
        : `revisit ${round + 1}: every ${name} model lost less than ${budget / 4} points, so the targets moved down`,
    );
  }

  run.stage('pick');
  return { candidates, picks: pickFrom(run, candidates, name, budget) };
}

/** The plans of one round of a decomposition, or of a run of it alone. */
export const svdPlans = (technique: Technique, targets: readonly number[], round: number): CandidatePlan[] =>
  targetNames(prefixOf(technique), targets).map((id, i) => ({
    id,
    technique,
    parent: null,
    round,
    asked: targets[i],
  }));

function pickFrom(run: Run, candidates: readonly Candidate[], name: string, budget: number): Candidate[] {
  if (!candidates.length) return [];
  const { maxPicks } = run.input.settings.pick;
  const within = pick(candidates, budget, maxPicks);
  const picks = within.length ? within : [fallback(candidates)];
  if (!within.length)
    run.note(
      `no ${name} model is within the budget of ${budget} points; ${picks[0].id}, with the smallest drop, goes on`,
    );
  run.judge('pick', pickRule(budget, maxPicks), pickVerdicts(candidates, picks, budget));
  picks.forEach(({ id }) => run.decide(id, 'picked'));
  return picks;
}
