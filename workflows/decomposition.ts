import { type Technique, techniqueTraits } from '../engine/names';
import { withAdded } from './with-added-candidates';
import { planned } from './make-candidates';
import type { StepContext } from './step-context';
import { prefixOf } from '../contract/techniques';
import { review } from './review';
import { fallback, pick, pickBudget, pickRule, pickVerdicts } from './rules/pick';
import { isDecomposed } from './rules/refusals';
import { type Revisit, revisit } from './rules/revisit';
import { defaultTargets, targetNames } from './rules/targets';
import type { Run } from './run-state';
import { together } from './all-settled';
import type { Candidate, CandidatePlan } from '../contract/run';

/**
 * Step 2: spatial SVD (weight SVD, or both) to each target, fine-tuned, all side by side. Step 3': targets that prove
 * too bold or too timid are moved and run again. Step 3: the models that keep close to the original's metric are
 * picked, or those that a person approves.
 */
export async function decomposition(context: StepContext, techniques: readonly Technique[]): Promise<void> {
  const { run, original } = context;
  const { people } = run;
  const name = techniques.map((technique) => techniqueTraits[technique].words).join(' and ');
  run.stage('SVD');
  const sources = await together(
    techniques.map(async (technique) => ({ technique, from: await context.sources.of(technique) })),
  );

  let targets: readonly number[] = run.settings.ssvdTargets ?? defaultTargets(run.settings.target);
  people.close('ssvdTargets', 'the targets of step 2 are planned already: addCandidate adds one');
  const tried = [...targets];
  const make = (round: number) =>
    sources.map(({ technique, from }) => planned(run, original, svdPlans(technique, targets, round), from));

  await withAdded(context, make(0));
  for (let round = 0; ;) {
    const candidates = run.candidates.filter(isDecomposed);
    const budget = budgetOf(run);
    const mayRevisit = round < run.settings.revisit.maxRevisits && !people.picks;
    const again = mayRevisit && revisit(candidates, run.settings.target, budget, targets, tried);
    if (again) {
      targets = again.targets;
      tried.push(...targets);
      round++;
      run.note(`revisit ${round}: ${whyRevisit(again.direction, name, budget)}`);
      run.stage('SVD');
      await withAdded(context, make(round));
      continue;
    }

    run.stage('pick');
    const proposed = candidates.length ? propose(run, candidates, budget) : [];
    const reviewed = candidates.length ? await review(run, 'picks', proposed) : 'approved';
    if (reviewed === 'approved') decide(run, proposed, name, budget);
    if (reviewed !== 'changed') return;
    if (people.added.length) run.stage('SVD');
    await withAdded(context, []);
  }
}

const whyRevisit = (direction: Revisit['direction'], name: string, budget: number): string =>
  direction === 'up'
    ? `every ${name} model lost more than ${budget} points, so the targets moved up`
    : `every ${name} model lost less than ${budget / 4} points, so the targets moved down`;

/** The plans of one round of a decomposition, or of a run of it alone. */
export const svdPlans = (technique: Technique, targets: readonly number[], round: number): CandidatePlan[] =>
  targetNames(prefixOf(technique), targets).map((id, i) => ({
    id,
    technique,
    parent: null,
    round,
    asked: targets[i],
  }));

/** The drop, in points, that a pick may show. */
const budgetOf = ({ settings }: Run): number => settings.pick.budget ?? pickBudget(settings.tolerance);

/** Returns the candidates that the rule of step 3 picks, best first. */
function propose(run: Run, candidates: readonly Candidate[], budget: number): string[] {
  const within = pick(candidates, budget, run.settings.pick.maxPicks);
  return (within.length ? within : [fallback(candidates)]).map(({ id }) => id);
}

/** Ends step 3 with the picks that a person approved, or else with those of the rule. */
function decide(run: Run, proposed: readonly string[], name: string, budget: number): void {
  const { people } = run;
  const approved = people.picks?.what;
  run.picks = approved ?? proposed;
  const isOver = ({ id, drop }: Candidate) => run.picks.includes(id) && drop > budget;
  if (!approved && run.candidates.some(isOver))
    run.note(
      `no ${name} model is within the budget of ${budget} points; ${run.picks[0]}, with the smallest drop, goes on`,
    );
  people.close('picks', `the picks are decided already: ${run.picks.join(', ') || 'none'}`);
  const candidates = run.candidates.filter(isDecomposed);
  const picks = candidates.filter(({ id }) => run.picks.includes(id));
  if (picks.length)
    run.judge('pick', pickRule(budget, run.settings.pick.maxPicks), pickVerdicts(candidates, picks, budget));
  run.picks.forEach((id) => run.pick(id, approved && people.picks!.by));
}
