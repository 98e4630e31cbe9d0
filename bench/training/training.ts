/**
 * A training step, ours and PyTorch's, in turns in one run on the same cores:
 *
 *     npm run bench:training -- [threads] [model.onnx …]
 *
 * Needs a Python with torch and onnx, named by PYTHON. Prints the medians and, because the machine's speed drifts, the
 * median of the ratios of neighbouring rounds.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { openModel } from '../../engine/onnx/prepare';
import { Session } from '../../engine/runtime/session';
import { floats, type Tensor } from '../../engine/tensor/tensor';
import { probeBlock } from '../../engine/training/lowering/probe';
import { withOwnConstants } from '../../engine/training/parameters';
import { measureShapes } from '../../engine/training/shapes';
import { buildTrainingStep, names, ratesFeed } from '../../engine/training/step';

const root = resolve(__dirname, '..', '..', '..');
const [batch, rounds, stepsPerRound] = [64, 12, 4];
const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Runs steps of our training graph on random digits. */
async function ours(path: string, threads: number) {
  const graph = withOwnConstants(openModel(path));
  const step = buildTrainingStep(graph, await measureShapes(graph, [1, 28, 28]), {
    weightDecay: 5e-4,
    block: await probeBlock(),
  });
  const session = await Session.open(step.model, { threads });
  const feeds: Record<string, Tensor> = {
    [step.images]: floats([batch, 1, 28, 28], Float32Array.from({ length: batch * 784 }, Math.random)),
    [names.labels]: {
      type: 'int64',
      dims: [batch],
      data: BigInt64Array.from({ length: batch }, (_, n) => BigInt(n % 10)),
    },
    ...ratesFeed(step, { learningRate: 1e-4, momentum: 0.9 }, 0),
    ...Object.fromEntries(
      step.vectors.map(({ input, size, initial }) => [input, floats([size], initial(graph))]),
    ),
  };
  return async (steps: number) => {
    const times: number[] = [];
    for (let at = 0; at < steps; at++) {
      const start = performance.now();
      await session.run(feeds);
      times.push(performance.now() - start);
    }
    return times;
  };
}

/** Asks the PyTorch process for steps. */
function theirs(path: string, threads: number) {
  const peer = spawn(
    process.env.PYTHON ?? 'python3',
    [join(root, 'bench', 'training', 'torch_peer.py'), path, `${batch}`, `${threads}`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface(peer.stdout)[Symbol.asyncIterator]();
  return {
    async steps(count: number): Promise<number[]> {
      peer.stdin.write(`${count}\n`);
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      if (line.done) throw new Error('the PyTorch peer ended; PYTHON must name a Python with torch and onnx');
      return JSON.parse(line.value) as number[];
    },
    end: () => peer.stdin.end(),
  };
}

async function main(): Promise<void> {
  const [threads = '1', ...named] = process.argv.slice(2);
  const digits = ['', 'bn.'].map((name) => join(root, 'examples', 'digits', `resnet20-digits.${name}onnx`));
  console.log(`batch ${batch}, ${threads} thread(s), median of ${rounds * stepsPerRound} steps in turns`);
  for (const path of named.length ? named : digits) {
    const [mine, peer] = [await ours(path, Number(threads)), theirs(path, Number(threads))];
    await mine(3);
    await peer.steps(3);
    const [a, b, ratios]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const [x, y] = [await mine(stepsPerRound), await peer.steps(stepsPerRound)];
      a.push(...x);
      b.push(...y);
      ratios.push(median(x) / median(y));
    }
    peer.end();
    console.log(
      `${path}: ours ${median(a).toFixed(1)} ms, PyTorch ${median(b).toFixed(1)} ms, ratio ${median(ratios).toFixed(2)}`,
    );
  }
}

void main();
