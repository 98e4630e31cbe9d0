/**
 * Measures the assumptions of selection on the digits model with scores of few images:
 *
 *     npm run bench:predictors -- [--images 200] [--plans 8] [--technique spatial-svd,channel-pruning] [model.onnx]
 *
 * These are the distance of a loss curve from a candidate that it was not given; the rank correlation (Spearman's) of
 * sums of the layers' errors with the measured errors of random plans around the greedy ones; and, for spatial SVD with
 * three candidates scored on 100 images, the accuracy by `greedy` and by `optimal` on the 1,000 images of the
 * evaluation split.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Random } from '../../engine/data/random';
import type { Technique } from '../../engine/names';
import { openModel } from '../../engine/onnx/open-model';
import { LossCurve } from '../../engine/ratios/score-curve';
import type { LayerChoices, Plan } from '../../engine/ratios/plan';
import { selectRatios } from '../../engine/ratios/select-ratios';
import { digits, error, outputsOf, rows } from './outputs';
import { type Candidates, candidatesOf } from './technique';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '200' },
    plans: { type: 'string', default: '8' },
    technique: { type: 'string', default: 'spatial-svd,channel-pruning' },
  },
});
const model = positionals[0] ?? join(digits, 'resnet20-digits.onnx');
const evaluate = rows(7000, 7000 + Number(options.images));
const train = rows(0, 7000);
const targets = [0.25, 0.35, 0.5, 0.65, 0.75];
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Returns the mean distance of logarithms between a candidate's error and its interpolation from its neighbours, by
 * curve and by straight lines.
 */
function leftOut(choices: readonly LayerChoices[]): { curve: number; straight: number } {
  const misses = choices.flatMap((choice) => {
    const scores = [...choice.scores].sort((a, b) => a.units - b.units);
    return scores.slice(1, -1).flatMap(({ units, error: measured }, before) => {
      const [from, to] = [scores[before], scores[before + 2]];
      if (!(measured > 0) || from.units === units || to.units === units) return [];
      const share = (units - from.units) / (to.units - from.units);
      const rest = scores.filter((score) => score.units !== units);
      const predicted = [
        new LossCurve({ ...choice, scores: rest }).at(units),
        from.error + share * (to.error - from.error),
      ];
      return [predicted.map((value) => Math.abs(Math.log(value / measured)))];
    });
  });
  return {
    curve: mean(misses.map(([curve]) => curve)),
    straight: mean(misses.map(([, straight]) => straight)),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const predictors: Readonly<Record<string, (errors: readonly number[]) => number>> = {
  'Σ e': sum,
  '−Σ log(1 − e)': (errors) => -sum(errors.map((e) => Math.log(1 - Math.min(e, 0.999)))),
  '(Σ √e)²': (errors) => sum(errors.map(Math.sqrt)) ** 2,
  '(Σ e^0.75)^(4/3)': (errors) => sum(errors.map((e) => e ** 0.75)) ** (4 / 3),
  '√Σ e²': (errors) => Math.hypot(...errors),
  'max e': (errors) => Math.max(...errors),
};

/** Returns the ranks of values; equal ones do not occur. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  order.forEach((at, rank) => (ranks[at] = rank));
  return ranks;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const middle = (a.length - 1) / 2;
  const product = (p: readonly number[], q: readonly number[]) =>
    sum(p.map((value, at) => (value - middle) * (q[at] - middle)));
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** The plan with every layer's units multiplied by a random number from 2/3 to 3/2. */
const around = (plan: Plan, choices: readonly LayerChoices[], random: Random): Plan =>
  plan.map((units, at) => {
    const { least, most } = choices[at];
    const moved = Math.round((units ?? most) * 1.5 ** (2 * random.next() - 1));
    return Math.min(most, Math.max(least, moved));
  });

/** Rank correlations of the predictors with the measured error. */
async function ordered({
  choices,
  costOf,
  apply,
}: Candidates): Promise<readonly (readonly [string, number])[]> {
  const whole = costOf(choices.map(() => null));
  const original = (await outputsOf(openModel(model), evaluate)).outputs;
  const curves = choices.map((choice) => new LossCurve(choice));
  const random = new Random(0);
  const [layers, measured]: [number[][], number[]] = [[], []];
  for (const target of targets) {
    const { plan: greedy } = selectRatios(choices, costOf, target * whole, { select: 'greedy' });
    for (let nth = 0; nth < Number(options.plans); nth++) {
      const plan = around(greedy, choices, random);
      layers.push(curves.map((curve, at) => curve.at(plan[at])));
      measured.push(error((await outputsOf(await apply(plan), evaluate)).outputs, original));
    }
  }
  return Object.entries(predictors).map(([name, of]) => [name, correlation(layers.map(of), measured)]);
}

/** Accuracy on the evaluation split with scores of few images. */
async function coarse(): Promise<void> {
  const few = { train, evaluate: rows(7000, 7100) };
  const { choices, costOf, apply } = await candidatesOf(model, 'spatial-svd', few, [0.25, 0.5, 0.75]);
  const whole = costOf(choices.map(() => null));
  console.log('\n| asked | greedy | optimal |\n|---|---|---|');
  for (const target of [0.5, 0.65, 0.75]) {
    const cells: string[] = [];
    for (const select of ['greedy', 'optimal'] as const) {
      const { plan } = selectRatios(choices, costOf, target * whole, { select });
      cells.push((await outputsOf(await apply(plan), rows(7000, 8000))).accuracy.toFixed(1));
    }
    console.log(`| ${target.toFixed(2)} | ${cells.join(' | ')} |`);
  }
}

async function main(): Promise<void> {
  for (const technique of options.technique.split(',') as Technique[]) {
    const candidates = await candidatesOf(model, technique, { train, evaluate });
    const { curve, straight } = leftOut(candidates.choices);
    console.log(`\n${technique}: a candidate left out is missed by a mean factor of e^${curve.toFixed(2)}`);
    console.log(`interpolated by its logarithm, of e^${straight.toFixed(2)} by a straight line\n`);
    for (const [name, rank] of await ordered(candidates)) console.log(`| ${name} | ${rank.toFixed(3)} |`);
  }
  await coarse();
}

void main();
