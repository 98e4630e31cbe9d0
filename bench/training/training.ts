/**
 * Times a training step, ours and PyTorch's, in turns in one run on the same cores:
 *
 *     npm run bench:training -- [--threads 1] [--provider cuda] [--steps-per-call 16] [--precision mixed] [model.onnx …]
 *
 * of the digits ResNet-20, with its BatchNorm folded and left in, of a VGG-like, of a depthwise and of a
 * MobileNetV2-like network (networks.py). Needs a Python with torch and onnx, named by PYTHON. Prints the medians and,
 * because the machine's speed drifts, the median of the ratios of neighbouring rounds; of time as of CPU time, which
 * other work on the machine disturbs less; and the peak memory of either process. On `cuda`, PyTorch trains on the same
 * GPU, and a step of ours of which the CPU computes a part is an error. `mixed` is torch.amp's autocast and GradScaler
 * on PyTorch's side.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root } from '../docs';
import { Peer, python, script } from './peer';
import { median, type Round } from './rounds';

const [batch, rounds] = [64, 12];

/** Settings of both sides. */
interface How {
  readonly threads: string;
  readonly provider: string;
  readonly precision: string;
  readonly stepsPerCall: string;
}

async function measure(
  path: string,
  { threads, provider, precision, stepsPerCall }: How,
  stepsPerRound: number,
): Promise<void> {
  const how = [path, `${batch}`, threads, provider];
  const ours = new Peer(process.execPath, [join(__dirname, 'ours.js'), ...how, stepsPerCall, precision]);
  const theirs = new Peer(python, [script('torch_peer.py'), ...how, precision]);
  try {
    for (const side of [ours, theirs]) await side.ask('3');
    const [mine, peers]: [Round[], Round[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const [x, y] = [await ours.ask<Round>(`${stepsPerRound}`), await theirs.ask<Round>(`${stepsPerRound}`)];
      mine.push(x);
      peers.push(y);
    }
    const ratio = (of: (round: Round) => number) =>
      median(mine.map((round, at) => of(round) / of(peers[at]))).toFixed(2);
    const ms = (side: Round[]) => median(side.flatMap(({ times }) => times)).toFixed(1);
    const [memory, theirMemory] = [mine, peers].map((side) => side.at(-1)!.peak);
    console.log(
      `${path}: ours ${ms(mine)} ms, PyTorch ${ms(peers)} ms, ratio ${ratio(({ times }) => median(times))}, ` +
        `of CPU time ${ratio(({ cpu }) => cpu)}; ` +
        `peak memory ${memory.toFixed(0)} and ${theirMemory.toFixed(0)} MiB, ratio ${(memory / theirMemory).toFixed(2)}`,
    );
  } finally {
    ours.end();
    theirs.end();
  }
}

/** The networks that are measured if none is named. */
function networks(): string[] {
  const made = join(root, '.slimflow', 'bench');
  const writer = script('networks.py');
  const { status } = spawnSync(python, [writer, made], { stdio: ['ignore', 'ignore', 'ignore'] });
  if (status !== 0) throw new Error(`${writer} failed; PYTHON must name a Python with torch and onnx`);
  const digits = ['resnet20-digits.onnx', 'resnet20-digits.bn.onnx'];
  return [
    ...digits.map((name) => join(root, 'examples', 'digits', name)),
    ...['vgg.onnx', 'depthwise.onnx', 'mobilenetv2.onnx'].map((name) => join(made, name)),
  ];
}

async function main(): Promise<void> {
  const { values, positionals: named } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: 'string', default: '1' },
      provider: { type: 'string', default: 'cpu' },
      precision: { type: 'string', default: 'float32' },
      'steps-per-call': { type: 'string', default: '1' },
    },
  });
  const { threads, provider, precision, 'steps-per-call': stepsPerCall } = values;
  const stepsPerRound = Math.max(4, Number(stepsPerCall));
  console.log(
    `batch ${batch}, ${provider}, ${precision}, ${threads} thread(s), ${stepsPerCall} step(s) a call, ` +
      `median of ${rounds * stepsPerRound} steps in turns`,
  );
  for (const path of named.length ? named : networks())
    await measure(path, { threads, provider, precision, stepsPerCall }, stepsPerRound);
}

void main();
