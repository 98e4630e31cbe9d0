/**
 * Compares Slimflow and AIMET on the digits ResNet-20 in one run:
 *
 *     npm run bench:aimet -- [--threads 2] [--folder .slimflow/aimet]
 *
 * Needs a Python with aimet-torch 2.42.0, named by PYTHON, and about a quarter of an hour. AIMET runs first; its
 * results stay in the folder, so that a second run there measures only our side, and then reports no seconds. Compares
 * ranks, costs, kept channels and eval scores, then accuracy at AIMET's achieved ratios, and writes docs/aimet.md.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import type { Technique } from '../../engine/jobs/types';
import { root, writeResults } from '../docs';
import {
  type Agreement,
  compareKept,
  compareLayerMacs,
  compareRanks,
  compareScores,
  paired,
} from './compare';
import { keptChannels, Ours, ourLayers } from './ours';
import { type PeerRun, runPeer } from './peer';

const targets = [0.75, 0.5];
const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    folder: { type: 'string', default: join('.slimflow', 'aimet') },
  },
});

const line = (...cells: (string | number)[]) => `| ${cells.join(' | ')} |`;
const head = (...cells: string[]) => [line(...cells), line(...cells.map(() => '---'))];
const agreed = ({ cases, equal, different }: Agreement) =>
  `${equal} of ${cases} equal${different.length ? ` (${different.slice(0, 3).join('; ')})` : ''}`;

/** One technique: its scores against AIMET's, then a compression for each of AIMET's. Lines of both tables. */
async function compareTechnique(technique: Technique, ours: Ours, context: Context) {
  const { layers, pairs, peer } = context;
  const start = performance.now();
  const scores = await ours.score(technique, layers, peer.ratios);
  const scored = (performance.now() - start) / 1000;
  const plans: string[] = [];
  if (technique !== 'channel-pruning') {
    const { ranks, costs } = compareRanks(pairs, technique, scores);
    plans.push(
      line(`${technique}: ranks`, agreed(ranks)),
      line(`${technique}: MACs of the pairs`, agreed(costs)),
    );
  } else {
    const both = pairs.filter(({ ours: { techniques } }) => techniques.includes(technique));
    plans.push(
      line('kept channels, layers that both prune', agreed(compareKept(both, peer.ratios, keptChannels))),
    );
    plans.push(line('kept channels, all layers', agreed(compareKept(pairs, peer.ratios, keptChannels))));
  }
  const distance = compareScores(pairs, peer, technique, scores);
  plans.push(
    line(
      `${technique}: eval scores`,
      `${distance.cases} scores of ${distance.layers} layers: mean difference ${distance.mean.toFixed(3)} points, largest ${distance.largest.toFixed(2)}${distance.largest >= 0.005 ? ` (${distance.at})` : ''}`,
    ),
  );
  const results: string[] = [];
  for (const run of peer.runs.filter((run) => run.technique === technique))
    results.push(await compareRun(run, technique, ours, scores, scored, context));
  return { plans, results };
}

interface Context {
  readonly layers: Awaited<ReturnType<typeof ourLayers>>;
  readonly pairs: ReturnType<typeof paired>;
  readonly peer: ReturnType<typeof runPeer>;
  readonly folder: string;
  /** True if AIMET ran just now: seconds of different times are not compared. */
  readonly timed: boolean;
}

/** A line of the table of results: AIMET's model, and ours at the ratio that AIMET reached. */
async function compareRun(
  { model, target, seconds, scored }: PeerRun,
  technique: Technique,
  ours: Ours,
  scores: Awaited<ReturnType<Ours['score']>>,
  scoring: number,
  { folder, timed }: Context,
): Promise<string> {
  const theirs = await ours.judge(join(folder, model));
  const start = performance.now();
  const out = await ours.compress(technique, theirs.ratio, scores, 'greedy');
  const own = (performance.now() - start) / 1000 + scoring;
  const mine = await ours.judge(out);
  const best = await ours.judge(await ours.compress(technique, theirs.ratio, scores, 'optimal'));
  const points = ({ validation, test }: typeof mine) => `${validation.toFixed(2)} / ${test.toFixed(2)}`;
  return line(
    technique,
    target,
    theirs.ratio.toFixed(4),
    mine.ratio.toFixed(4),
    points(theirs),
    points(mine),
    points(best),
    (mine.test - theirs.test).toFixed(2),
    (best.test - theirs.test).toFixed(2),
    scored && timed ? seconds.toFixed(1) : '',
    scored && timed ? own.toFixed(1) : '',
    scored && timed ? (seconds / own).toFixed(1) : '',
  );
}

async function main(): Promise<void> {
  const [folder, threads] = [resolve(options.folder), Number(options.threads)];
  mkdirSync(folder, { recursive: true });
  execFileSync(process.execPath, [join(root, 'examples', 'digits', 'prepare.mjs')], { stdio: 'inherit' });
  const known = existsSync(join(folder, 'aimet.json'));
  console.log(known ? `AIMET's results of an earlier run, from ${folder}` : 'AIMET …');
  const peer = runPeer(folder, threads, targets);
  const layers = await ourLayers();
  const context: Context = { layers, peer, pairs: paired(layers, peer), folder, timed: !known };
  const ours = new Ours(folder, threads);
  const plans = [line('MACs of the layers', agreed(compareLayerMacs(context.pairs)))];
  const results: string[] = [];
  try {
    for (const technique of Object.keys(peer.scores) as Technique[]) {
      if (!layers.some(({ techniques }) => techniques.includes(technique))) continue;
      console.log(`${technique} …`);
      const found = await compareTechnique(technique, ours, context);
      plans.push(...found.plans);
      results.push(...found.results);
    }
  } finally {
    await ours.close();
  }
  const text = [
    ...head('compared', `over the candidates ${peer.ratios[0]} to ${peer.ratios.at(-1)}`),
    ...plans,
    '',
    ...head(
      'technique',
      'asked of AIMET',
      'MACs: AIMET',
      'ours',
      'validation / test %: AIMET',
      'ours, greedy',
      'ours, optimal',
      'test: greedy − AIMET',
      'optimal − AIMET',
      'seconds: AIMET',
      'ours',
      'faster by',
    ),
    ...results,
  ].join('\n');
  console.log(text);
  writeResults('aimet.md', text);
}

void main();
