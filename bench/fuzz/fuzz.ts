/**
 * Feeds mutated files and requests to every door of Slimflow, and keeps what trips over them:
 *
 *     npm run fuzz -- --minutes 10 [--seed 1] [--target onnx,npy] [--workers 2] [--folder .slimflow/fuzz]
 *     npm run fuzz -- --list                finds so far, and inputs by target
 *     npm run fuzz -- --keep FIND           makes a find's input one that the tests replay
 *
 * It continues where the last run in the folder ended. Exit status 1 if something was found.
 */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { Finds } from './finds';
import { addTo, readState, writeState } from './state';
import { Supervisor } from './supervisor';
import { type TargetName, targetNames } from './target';
import { targets } from './targets';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', default: [...targets.keys()].join() },
    workers: { type: 'string', default: String(availableParallelism()) },
    folder: { type: 'string', default: join('.slimflow', 'fuzz') },
    list: { type: 'boolean', default: false },
    keep: { type: 'string', multiple: true },
  },
});

const folder = resolve(options.folder);
const finds = new Finds(join(folder, 'finds'));
const stateFile = join(folder, 'state.json');
const state = readState(stateFile);

function list(): void {
  for (const { id, kind, message } of finds.list())
    console.log(`${id}  ${kind}\n    ${message.slice(0, 300)}`);
  const total = Object.values(state.inputs).reduce((sum, inputs) => sum + inputs, 0);
  const minutes = state.runs.reduce((sum, run) => sum + run.minutes, 0);
  console.log(
    `${total.toLocaleString('en')} inputs in ${minutes.toFixed(0)} minutes, seeds ${state.runs.map(({ seed }) => seed).join(', ')}`,
  );
  for (const [name, inputs] of Object.entries(state.inputs))
    console.log(`  ${name}  ${inputs.toLocaleString('en')}`);
}

/** @throws Error for a name that is not a target's */
function targetsOf(text: string): TargetName[] {
  const names = text.split(',').filter(Boolean);
  const stranger = names.find((name) => !targets.has(name as TargetName));
  if (stranger !== undefined || !names.length)
    throw new Error(`--target ${stranger ?? text} must be one or more of ${targetNames.join(', ')}`);
  return names as TargetName[];
}

/** @throws Error for what is not a positive number */
function positive(name: 'minutes' | 'workers' | 'seed'): number {
  const value = Number(options[name]);
  if (!(value > 0)) throw new Error(`--${name} ${options[name]} must be a number above 0`);
  return value;
}

async function fuzz(): Promise<void> {
  const [minutes, seed, workers] = [positive('minutes'), positive('seed'), positive('workers')];
  const run = { seed, minutes: 0 };
  state.runs.push(run);
  const orders = { targets: targetsOf(options.target), corpus: join(folder, 'corpus') };
  const begun = Date.now();
  let found = 0;
  const listener = {
    onInputs: (inputs: Readonly<Record<string, number>>) => addTo(state.inputs, inputs),
    onCounts: (counts: Readonly<Record<string, number>>) => addTo(state.counts, counts),
    onFind: (...[target, find, input, smaller]: Parameters<Finds['add']>) => {
      const kept = finds.add(target, find, input, smaller);
      if (!kept) return;
      found++;
      console.log(`find ${kept.id}: ${kept.kind}\n    ${kept.message.slice(0, 300)}`);
    },
  };
  // Runs with one seed are different ones if others came before them: what those found is not found again.
  const session = seed + 1_000_003 * (state.runs.length - 1);
  const supervisors = Array.from(
    { length: workers },
    (_, worker) => new Supervisor({ ...orders, seed: session + 104_729 * worker }, listener),
  );
  const before = { ...state.inputs };
  const save = () => {
    run.minutes = (Date.now() - begun) / 60_000;
    writeState(stateFile, state);
  };
  const saving = setInterval(save, 5000);
  const telling = setInterval(() => {
    const rates = Object.entries(state.inputs).map(([name, all]) => `${name} ${all - (before[name] ?? 0)}`);
    console.log(`${((Date.now() - begun) / 60_000).toFixed(1)} min: ${rates.join(', ')}; ${found} new finds`);
  }, 30_000);
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 60_000 * minutes);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  clearInterval(saving);
  clearInterval(telling);
  await Promise.all(supervisors.map((one) => one.stop()));
  save();
  list();
  process.exitCode = found ? 1 : 0;
}

if (options.list) list();
else if (options.keep) for (const id of options.keep) console.log(finds.keep(id));
else void fuzz();
