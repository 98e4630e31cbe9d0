/**
 * A training step, ours and PyTorch's, in turns in one run on the same cores:
 *
 *     npm run bench:training -- [threads] [model.onnx …]
 *
 * of the digits ResNet-20, with its BatchNorm folded and left in, of a VGG-like and of a depthwise network
 * (networks.py). Needs a Python with torch and onnx, named by PYTHON. Prints the medians and, because the machine's
 * speed drifts, the median of the ratios of neighbouring rounds; and the peak memory of either process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(__dirname, '..', '..', '..');
const python = process.env.PYTHON ?? 'python3';
const [batch, rounds, stepsPerRound] = [64, 12, 4];
const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

interface Round {
  /** ms a step. */
  readonly times: number[];
  /** MiB. */
  readonly peak: number;
}

/** A process that trains steps when asked. */
function trainer(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async steps(count: number): Promise<Round> {
      child.stdin.write(`${count}\n`);
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      if (line.done) throw new Error(`${command} ended; PYTHON must name a Python with torch and onnx`);
      return JSON.parse(line.value) as Round;
    },
    end: () => child.stdin.end(),
  };
}

async function measure(path: string, threads: string): Promise<void> {
  const how = [path, `${batch}`, threads];
  const ours = trainer(process.execPath, [join(__dirname, 'ours.js'), ...how]);
  const theirs = trainer(python, [join(root, 'bench', 'training', 'torch_peer.py'), ...how]);
  try {
    for (const side of [ours, theirs]) await side.steps(3);
    const [mine, peers, ratios]: [Round[], Round[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const [x, y] = [await ours.steps(stepsPerRound), await theirs.steps(stepsPerRound)];
      mine.push(x);
      peers.push(y);
      ratios.push(median(x.times) / median(y.times));
    }
    const ms = (side: Round[]) => median(side.flatMap(({ times }) => times)).toFixed(1);
    const [memory, theirMemory] = [mine, peers].map((side) => side.at(-1)!.peak);
    console.log(
      `${path}: ours ${ms(mine)} ms, PyTorch ${ms(peers)} ms, ratio ${median(ratios).toFixed(2)}; ` +
        `peak memory ${memory.toFixed(0)} and ${theirMemory.toFixed(0)} MiB, ratio ${(memory / theirMemory).toFixed(2)}`,
    );
  } finally {
    ours.end();
    theirs.end();
  }
}

/** The networks that are measured where none is named. */
function networks(): string[] {
  const made = join(root, '.slimflow', 'bench');
  const script = join(root, 'bench', 'training', 'networks.py');
  const { status } = spawnSync(python, [script, made], { stdio: ['ignore', 'ignore', 'ignore'] });
  if (status !== 0) throw new Error(`${script} failed; PYTHON must name a Python with torch and onnx`);
  const digits = ['resnet20-digits.onnx', 'resnet20-digits.bn.onnx'];
  return [
    ...digits.map((name) => join(root, 'examples', 'digits', name)),
    ...['vgg.onnx', 'depthwise.onnx'].map((name) => join(made, name)),
  ];
}

async function main(): Promise<void> {
  const [threads = '1', ...named] = process.argv.slice(2);
  console.log(`batch ${batch}, ${threads} thread(s), median of ${rounds * stepsPerRound} steps in turns`);
  for (const path of named.length ? named : networks()) await measure(path, threads);
}

void main();
