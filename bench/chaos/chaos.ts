/**
 * Runs the digits guidebook several times at once while workers, the server, the connection and the store fail by a
 * seeded schedule; then the same without faults. Every run must end with the same candidates and the same final model,
 * bit for bit.
 *
 *     npm run chaos -- [--faults 50] [--runs 3] [--workers 2] [--seed 1] [--short] [--only kill-worker,kill-server]
 *                      [--folder .slimflow/chaos] [--write]
 *
 * `--short` makes runs, pauses and outages shorter. `--write` puts the tables into docs/chaos.md. The store gets its
 * own file system if this process may mount one (root on Linux). Exit status 1 if any result differs.
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { writeResults } from '../docs';
import { prepareDigits } from '../training/digits';
import { digitsJob, sizes } from './jobs';
import { refusals } from './refusals';
import { chaosTables, refusalTable } from './report';
import { type FaultName, faultNames, schedule } from './schedule';
import { chaos } from './suite';

const { values: options } = parseArgs({
  options: {
    faults: { type: 'string', default: '50' },
    runs: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: faultNames.join() },
    folder: { type: 'string', default: join('.slimflow', 'chaos') },
    write: { type: 'boolean', default: false },
  },
});

function kinds(): FaultName[] {
  const asked = options.only.split(',');
  const unknown = asked.find((name) => !faultNames.includes(name as FaultName));
  if (unknown) throw new Error(`--only ${unknown}: not one of ${faultNames.join(', ')}`);
  return asked as FaultName[];
}

async function main(): Promise<void> {
  const folder = resolve(options.folder);
  const planned = schedule({
    seed: Number(options.seed),
    faults: Number(options.faults),
    kinds: kinds(),
    pause: options.short ? [0, 3] : [1, 8],
    outages: {
      'pause-worker': [30, 40],
      'kill-server': [0, 5],
      'cut-connection': options.short ? [2, 6] : [2, 60],
      'stall-connection': options.short ? [2, 6] : [2, 60],
      'fill-store': [3, 10],
    },
    overlapping: 0.2,
  });
  prepareDigits();
  rmSync(folder, { recursive: true, force: true });
  const size = options.short ? sizes.short : sizes.full;
  const say = (line: string) => console.log(line);
  const shared = { folder, workers: Number(options.workers), patienceSeconds: 3600, say };
  const report = await chaos({
    ...shared,
    runs: Number(options.runs),
    faults: planned,
    job: digitsJob(size),
    mount: true,
  });
  const refused = await refusals({ ...shared, job: digitsJob(sizes.tiny)(0, 0) });
  const tables = [chaosTables(report), refusalTable(refused)].join('\n\n');
  console.log(`\n${tables}`);
  if (options.write) writeResults('chaos.md', tables);
  const wrong =
    report.compared.some(({ problems }) => problems.length) ||
    refused.some(({ isRefused, isFixed }) => !isRefused || !isFixed) ||
    report.incidents.length < planned.length;
  process.exitCode = wrong ? 1 : 0;
}

void main();
