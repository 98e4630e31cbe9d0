import { type CostOf, type LayerChoices, type Plan, type Units } from './plan';

/** Distance to the target at which the search stops, and share of the range of scores at which it gives up (AIMET). */
const nearEnough = 0.001;
const windowShare = 1e-4;

/**
 * Computes the plan that AIMET's greedy selection returns for a target, without landing: bisection of the score
 * threshold between the lowest and the highest score, until within 0.001 of the target or until the window is below
 * 1e-4 of the range, in which case its lower end counts. For comparisons.
 */
export function aimetPlan(choices: readonly LayerChoices[], costOf: CostOf, target: number): Plan {
  const whole = costOf(choices.map(() => null));
  const scores = choices.flatMap((choice) => choice.scores.map(({ score }) => score));
  let [low, high] = [Math.min(...scores), Math.max(...scores)];
  const window = windowShare * (high - low);
  for (;;) {
    const middle = (low + high) / 2;
    const ratio = costOf(planAtThreshold(choices, middle)) / whole;
    if (high - low <= window) return planAtThreshold(choices, low);
    if (Math.abs(ratio - target / whole) <= nearEnough) return planAtThreshold(choices, middle);
    if (ratio > target / whole) high = middle;
    else low = middle;
  }
}

const planAtThreshold = (choices: readonly LayerChoices[], score: number): Plan =>
  choices.map((choice) => unitsAtThreshold(choice, score));

/**
 * AIMET goes from the largest candidate down to the first whose score is below the threshold, and takes the one above
 * it. A layer whose smallest candidate scores exactly the threshold, with none below, is left untouched.
 */
function unitsAtThreshold({ scores }: LayerChoices, threshold: number): Units {
  const falling = [...scores].sort((a, b) => b.units - a.units);
  if (!falling.length || threshold > falling[0].score) return null;
  const least = falling[falling.length - 1];
  if (threshold < least.score) return least.units;
  const below = falling.findIndex(({ score }) => score < threshold);
  return below < 0 ? null : falling[below - 1].units;
}
