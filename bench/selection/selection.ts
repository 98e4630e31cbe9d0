/**
 * Compares the ways to select ratios on the digits model: accuracy and fidelity of the compressed model before any
 * fine-tuning, for each of the three exports, both techniques and five targets:
 *
 *     npm run bench:selection -- [model.onnx …]
 *
 * `AIMET` is the plan of AIMET's rule alone, whatever ratio it reaches. The error is the squared distance of the
 * model's outputs from the original's relative to theirs.
 */
import { join } from 'node:path';

import type { Technique } from '../../engine/names';
import { openModel } from '../../engine/onnx/open-model';
import { aimetPlan } from '../../engine/ratios/aimet';
import type { Plan } from '../../engine/ratios/plan';
import { Problem } from '../../engine/ratios/problem';
import { type SelectionSettings, selectRatios } from '../../engine/ratios/select-ratios';
import { digits, error, outputsOf, rows } from './outputs';
import { candidatesOf } from './technique';

const splits = { train: rows(0, 7000), evaluate: rows(7000, 8000), test: rows(8000, 10000) };
const targets = [0.25, 0.35, 0.5, 0.65, 0.75];
const modes: Readonly<Record<string, SelectionSettings>> = {
  greedy: { select: 'greedy' },
  'greedy, monotonic': { select: 'greedy', monotonic: true },
  tar: { select: 'tar' },
  optimal: { select: 'optimal' },
};

async function compare(model: string, technique: Technique): Promise<void> {
  const candidates = await candidatesOf(model, technique, splits);
  const { choices, costOf } = candidates;
  const whole = costOf(choices.map(() => null));
  const original = openModel(model);
  const before = {
    evaluate: await outputsOf(original, splits.evaluate),
    test: await outputsOf(original, splits.test),
  };
  const show = async (target: number, name: string, plan: Plan) => {
    const graph = await candidates.apply(plan);
    const after = {
      evaluate: await outputsOf(graph, splits.evaluate),
      test: await outputsOf(graph, splits.test),
    };
    const columns = [
      target.toFixed(2),
      name,
      (costOf(plan) / whole).toFixed(4),
      new Problem(choices, costOf, target * whole).error(plan).toFixed(4),
      error(after.evaluate.outputs, before.evaluate.outputs).toFixed(4),
      error(after.test.outputs, before.test.outputs).toFixed(4),
      after.evaluate.accuracy.toFixed(1),
      after.test.accuracy.toFixed(2),
    ];
    console.log(`| ${columns.join(' | ')} |`);
  };
  console.log(`\n${model}, ${technique}: ${before.evaluate.accuracy}, ${before.test.accuracy} as it is\n`);
  console.log(
    '| asked | selection | landed | predicted error | error, evaluation | error, test | evaluation % | test % |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (const target of targets) {
    await show(target, 'AIMET', aimetPlan(choices, costOf, target * whole));
    for (const [name, settings] of Object.entries(modes))
      await show(target, name, selectRatios(choices, costOf, target * whole, settings).plan);
  }
}

async function main(): Promise<void> {
  const exports = ['', 'bn.', 'dynamo.'].map((name) => join(digits, `resnet20-digits.${name}onnx`));
  const models = process.argv.length > 2 ? process.argv.slice(2) : exports;
  for (const model of models)
    for (const technique of ['spatial-svd', 'channel-pruning'] as const) await compare(model, technique);
}

void main();
