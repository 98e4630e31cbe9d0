/**
 * Our side of bench/training, a process of its own, so that its memory is its own: started with the path of a model, a
 * batch size and a number of threads, it trains as many steps as each line on stdin says, and prints, as JSON, their
 * milliseconds and the process's peak memory in MiB.
 */
import { createInterface } from 'node:readline';

import { openModel } from '../../engine/onnx/prepare';
import { Session } from '../../engine/runtime/session';
import { floats, sizeOf, type Tensor } from '../../engine/tensor/tensor';
import { probeBlock } from '../../engine/training/lowering/probe';
import { withOwnConstants } from '../../engine/training/parameters';
import { measureShapes } from '../../engine/training/shapes';
import { buildTrainingStep, names, ratesFeed } from '../../engine/training/step';

async function main(path: string, batch: number, threads: number): Promise<void> {
  const graph = withOwnConstants(openModel(path));
  const image = graph.inputs[0].dims!.slice(1) as number[];
  const step = buildTrainingStep(graph, await measureShapes(graph, image), {
    weightDecay: 5e-4,
    block: await probeBlock(),
  });
  const session = await Session.open(step.model, { threads });
  const labels = BigInt64Array.from({ length: batch }, (_, n) => BigInt(n % 10));
  let vectors: Record<string, Tensor> = Object.fromEntries(
    step.vectors.map(({ input, size, initial }) => [input, floats([size], initial(graph))]),
  );
  const images = floats([batch, ...image], Float32Array.from({ length: batch * sizeOf(image) }, Math.random));
  let done = 0;
  for await (const line of createInterface(process.stdin)) {
    const times: number[] = [];
    for (let at = 0; at < Number(line); at++) {
      const start = performance.now();
      const results = await session.run({
        [step.images]: images,
        [names.labels]: { type: 'int64', dims: [batch], data: labels },
        ...ratesFeed(step, { learningRate: 1e-4, momentum: 0.9 }, done++),
        ...vectors,
      });
      vectors = Object.fromEntries(step.vectors.map(({ input, output }) => [input, results[output]]));
      times.push(performance.now() - start);
    }
    console.log(JSON.stringify({ times, peak: process.resourceUsage().maxRSS / 1024 }));
  }
}

const [path, batch, threads] = process.argv.slice(2);
void main(path, Number(batch), Number(threads));
