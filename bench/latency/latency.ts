/**
 * Compresses a model to a share of its latency, and by MACs to the same latency, and shows both side by side:
 *
 *     npm run bench:latency -- [--model .slimflow/zoo/resnet18-torchscript.onnx] [--technique channel-pruning,…]
 *                              [--target 0.6] [--data job.yaml] [--samples N] [--candidates N] [--runs 60] [--folder DIR]
 *
 * `npm run zoo` exports the models. Latencies are of whole models, which take turns with the original in a session of
 * their own, after the compression. With data, which a spec gives, the loss is of the metric on the test split; without,
 * it is the squared distance of the outputs from the original's on random inputs, in percent. Threads are as many as
 * cores: `taskset -c 0` measures with one. Scores stay in the folder, so that another target takes seconds. Noise is half
 * the interquartile range: a table whose noise is not far below its differences says nothing.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { compressModel } from '../../engine/api/compress-model';
import { evaluateModel } from '../../engine/api/evaluate-model';
import { openData } from '../../engine/jobs/open-data';
import type { LayerScores } from '../../engine/jobs/types';
import { computedMetric } from '../../contract/metric';
import { type CostName, type Technique, techniqueTraits } from '../../engine/names';
import { openModel } from '../../engine/onnx/open-model';
import { candidateRatios } from '../../engine/ratios/candidate-ratios';
import { compareModels } from '../../engine/runtime/measure-metric';
import { speedOf, timeGraphs } from '../../engine/runtime/timing';
import { loadSpec } from '../../run-spec/load';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: join('.slimflow', 'zoo', 'resnet18-torchscript.onnx') },
    technique: { type: 'string', default: 'spatial-svd,channel-pruning' },
    target: { type: 'string', default: '0.6' },
    data: { type: 'string' },
    samples: { type: 'string', default: '4' },
    candidates: { type: 'string', default: '6' },
    runs: { type: 'string', default: '60' },
    folder: { type: 'string', default: join('.slimflow', 'latency') },
  },
});
const { model, folder } = options;
const target = Number(options.target);
const threads = availableParallelism();
const spec = options.data === undefined ? undefined : loadSpec(options.data);
const inputSize = spec ? spec.inputSize : [1, 3, 224, 224];

/** Most compressions by MACs in search of the same latency, and the distance that is near enough. */
const search = { tries: 6, near: 0.01 };

/** A compressed model, as it was measured. */
interface Found {
  readonly target: number;
  readonly macs: number;
  readonly latency: number;
  readonly noise: number;
  readonly lost: number;
}

async function compressed(technique: Technique, cost: CostName, asked: number): Promise<Found> {
  const name = join(folder, `${basename(model, '.onnx')}.${technique}`);
  const kept = `${name}.scores.json`;
  const out = `${name}.${cost}.onnx`;
  const scores = existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as LayerScores[]) : undefined;
  const report = await compressModel(
    {
      model,
      out,
      technique,
      target: asked,
      method: { cost, inputSize },
      ...(spec && { data: spec.data, metric: computedMetric(spec.metric, model) }),
      candidates: candidateRatios(Number(options.candidates)),
      samples: Number(options.samples),
      reconstruction: { samples: 8 },
      machinery: { provider: 'cpu' },
      scores,
    },
    { onScores: (found) => writeFileSync(kept, JSON.stringify(found)) },
  );
  const [own, other] = await timeGraphs(
    [model, out].map((file) => openModel(file, { inputSize })),
    { threads, runs: Number(options.runs), provider: 'cpu', inputShape: inputSize },
  );
  const { faster, noise } = speedOf(other, own);
  const macs = report.macs / report.macsOriginal;
  const found = {
    target: asked,
    macs,
    latency: 1 / faster,
    noise: noise / faster ** 2,
    lost: await lostBy(out),
  };
  console.error(
    `${technique} ${cost} ${asked.toFixed(3)}: ${macs.toFixed(3)} of the MACs, ${found.latency.toFixed(3)} of the latency ±${found.noise.toFixed(3)}, lost ${found.lost.toFixed(2)}`,
  );
  return found;
}

/**
 * Points that a compressed model lost: of the metric on the test split or, without data, the squared distance of its
 * outputs from the original's, in percent of theirs.
 */
async function lostBy(out: string): Promise<number> {
  if (spec) {
    const judged = { data: spec.data.test, metric: computedMetric(spec.metric, model) };
    const [own, other] = [
      await evaluateModel({ model, ...judged }),
      await evaluateModel({ model: out, ...judged }),
    ];
    return own.value - other.value;
  }
  const graph = openModel(model, { inputSize });
  const { data } = openData(graph, { random: { samples: 8, seed: 1 } }, inputSize);
  try {
    const other = openModel(out, { inputSize });
    return 100 * (await compareModels(graph, other, data, { threads, provider: 'cpu' })).relativeError;
  } finally {
    data.close();
  }
}

/** Looks for the share of the MACs that takes as long, by bisection: latency rises with the MACs, roughly. */
async function asFast(technique: Technique, latency: number): Promise<Found> {
  let [low, high] = [0.02, 1];
  let best: Found | undefined;
  for (let tried = 0; tried < search.tries; tried++) {
    const found = await compressed(technique, 'macs', (low + high) / 2);
    if (!best || Math.abs(found.latency - latency) < Math.abs(best.latency - latency)) best = found;
    if (Math.abs(found.latency - latency) <= search.near) break;
    if (found.latency > latency) high = found.target;
    else low = found.target;
  }
  return best!;
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const rows: string[] = [];
  for (const technique of options.technique.split(',') as Technique[]) {
    const byLatency = await compressed(technique, 'latency', target);
    const byMacs = await asFast(technique, byLatency.latency);
    for (const [cost, found] of [
      ['latency', byLatency],
      ['macs', byMacs],
    ] as const)
      rows.push(
        `| ${techniqueTraits[technique].words} | ${cost} | ${found.target.toFixed(3)} | ${found.macs.toFixed(3)} | ${found.latency.toFixed(3)} ±${found.noise.toFixed(3)} | ${found.lost.toFixed(2)} |`,
      );
  }
  console.log(
    [
      `| ${basename(model, '.onnx')}, ${threads} thread${threads === 1 ? '' : 's'} | cost | target | MACs | latency | ${spec ? 'points lost' : 'distance, %'} |`,
      '|---|---|---:|---:|---:|---:|',
      ...rows,
    ].join('\n'),
  );
}

void main();
