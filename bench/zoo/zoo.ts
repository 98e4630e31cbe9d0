/**
 * Compresses every architecture of test/zoo at full width, by both of PyTorch's exporters, with every technique and
 * target:
 *
 *     npm run zoo -- [--only resnet18,vgg16_bn-dynamo] [--technique spatial-svd] [--target 0.5] [--samples N]
 *                    [--candidates N] [--folder .slimflow/zoo] [--again]
 *
 * Needs a Python with torch, torchvision, timm, onnx, onnxscript and onnxruntime, named by PYTHON; 4 GB of disk. Models
 * and rows stay in the folder, so that an interrupted run continues; rows that failed are measured again, with --again
 * all that are named. Each result is judged by check.py, which shares no code with the engine. Writes the table of
 * docs/zoo.md.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { root, writeResults } from '../docs';
import { type Row, verdict, zooTable } from './table';

const python = process.env.PYTHON ?? 'python3';
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    technique: { type: 'string', default: 'spatial-svd,weight-svd,channel-pruning' },
    target: { type: 'string', default: '0.75,0.5' },
    samples: { type: 'string' },
    candidates: { type: 'string' },
    folder: { type: 'string', default: join('.slimflow', 'zoo') },
    again: { type: 'boolean', default: false },
  },
});
const list = (text: string | undefined) => text?.split(',').filter(Boolean) ?? [];
const folder = resolve(options.folder);
const rowFile = (model: string, technique: string, target: number) =>
  join(folder, 'rows', `${model}.${technique}.${target}.json`);

/** Ends the command with a sentence. */
function stop(why: string): never {
  console.error(why);
  process.exit(1);
}

/** Exports missing models, and returns the names of those to work on. */
function models(): string[] {
  const packages = 'torch, torchvision, timm, onnx, onnxscript, onnxruntime';
  if (spawnSync(python, ['-c', `import ${packages}`]).status !== 0)
    stop(`${python} has not all of ${packages}: install them and name that Python by PYTHON`);
  const script = join(root, 'test', 'zoo', 'make_zoo.py');
  const only = list(options.only);
  const args = [script, '--width', 'full', '--out', folder, ...(only.length ? ['--only', ...only] : [])];
  console.log(`exporting to ${folder} …`);
  if (spawnSync(python, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0)
    stop('some models could not be exported');
  return spawnSync(python, [...args, '--list'], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
}

/** Compresses one model by the command that users have, and judges what it wrote. */
function measure(model: string, technique: string, target: number): Row {
  const original = join(folder, `${model}.onnx`);
  const out = join(folder, `compressed.${process.pid}.onnx`);
  const samples = options.samples ? ['--samples', options.samples] : [];
  const ratios = options.candidates ? ['--candidates', options.candidates] : [];
  // The eval scores of one target serve the next.
  const scores = ['--scores', join(folder, 'scores', `${model}.${technique}.json`)];
  const asked = ['--technique', technique, '--target', `${target}`, '--out', out, '--json'];
  const start = performance.now();
  const command = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), 'compress', original, ...asked, ...samples, ...ratios, ...scores],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  const row = { model, technique, target, seconds: (performance.now() - start) / 1000 };
  try {
    // 3 says that the target was not reached: a result, with its reason.
    if (command.status !== 0 && command.status !== 3)
      return { ...row, failure: command.stderr.trim().split('\n').at(-1) || `exit ${command.status}` };
    const { shortfall } = JSON.parse(command.stdout) as { shortfall?: string };
    const check = spawnSync(python, [join(root, 'bench', 'zoo', 'check.py'), original, out], {
      encoding: 'utf8',
    });
    if (check.status !== 0) return { ...row, failure: check.stderr.trim().split('\n').at(-1) };
    return { ...row, ...(JSON.parse(check.stdout) as Partial<Row>), shortfall };
  } finally {
    rmSync(out, { force: true });
  }
}

/** All rows of the folder, in the order of models, techniques and targets. */
function storedRows(): Row[] {
  const rows = readdirSync(join(folder, 'rows')).map(
    (file) => JSON.parse(readFileSync(join(folder, 'rows', file), 'utf8')) as Row,
  );
  const techniques = ['spatial-svd', 'weight-svd', 'channel-pruning'];
  const order = (row: Row) => techniques.indexOf(row.technique);
  return rows.sort((a, b) => a.model.localeCompare(b.model) || order(a) - order(b) || b.target - a.target);
}

function main(): void {
  const [techniques, targets] = [list(options.technique), list(options.target).map(Number)];
  for (const name of ['rows', 'scores']) mkdirSync(join(folder, name), { recursive: true });
  const work = models().flatMap((model) =>
    techniques.flatMap((technique) => targets.map((target) => [model, technique, target] as const)),
  );
  const counts = { ok: 0, floor: 0, failed: 0 };
  for (const [done, [model, technique, target]] of work.entries()) {
    const file = rowFile(model, technique, target);
    const stored = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Row) : undefined;
    const known = !options.again && stored && verdict(stored) !== 'failed';
    const row = known ? stored : measure(model, technique, target);
    if (!known) writeFileSync(file, JSON.stringify(row));
    const found = verdict(row);
    counts[found]++;
    const figure = row.ratio === undefined ? '' : ` ${row.ratio.toFixed(3)}`;
    const said = row.failure ?? row.shortfall ?? row.problems?.join('; ');
    console.log(
      `${done + 1}/${work.length} ${model} ${technique} ${target}:${figure} ${found}, ${row.seconds.toFixed(0)} s${known ? ' (stored)' : ''}${said ? ` — ${said}` : ''}`,
    );
    if (!known) writeResults('zoo.md', zooTable(storedRows()));
  }
  writeResults('zoo.md', zooTable(storedRows()));
  console.log(`${counts.ok} on target, ${counts.floor} at their floor, ${counts.failed} failed`);
  process.exitCode = counts.failed ? 1 : 0;
}

main();
