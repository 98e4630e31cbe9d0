/*
 * Goes over every model of the goldens, the zoo and the cases (`../shared/cases`, if it is there): what ONNX Runtime runs
 * must compute the same after it was opened and saved twice, or be refused. Prints the refusals by reason.
 *
 *     npm run check:models [-- FOLDER …]     further folders of .onnx files
 *
 * Exit status 1 if a model computes something else.
 */
import { filesIn, modelSeeds } from '../fuzz/seeds';
import { type Sameness, sameAfterSaving } from './same-after-saving';

async function main(folders: readonly string[]): Promise<void> {
  const models = [...modelSeeds('onnx'), ...folders.flatMap((folder) => filesIn(folder, '.onnx'))];
  const counts = new Map<Sameness['kind'], number>();
  const refusals = new Map<string, number>();
  for (const [at, model] of models.entries()) {
    const found = await sameAfterSaving(model);
    counts.set(found.kind, (counts.get(found.kind) ?? 0) + 1);
    if (found.kind === 'refused') refusals.set(found.why, (refusals.get(found.why) ?? 0) + 1);
    if (found.kind === 'different') console.log(`model ${at} (${model.length} bytes): ${found.why}`);
  }
  for (const [why, times] of refusals) console.log(`refused ${times}: ${why}`);
  console.log([...counts].map(([kind, times]) => `${kind}: ${times}`).join(', '));
  process.exitCode = counts.get('different') ? 1 : 0;
}

void main(process.argv.slice(2)).finally(() => process.exit());
