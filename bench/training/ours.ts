/**
 * Our side of bench/training, a process of its own, so that its memory is its own: started with the path of a model, a
 * batch size, a number of threads and an execution provider, it trains as many steps as each line on stdin says, and
 * prints, as JSON, their milliseconds, the process's milliseconds of CPU time for them all and its peak memory in MiB. On another provider than the CPU's it first
 * makes sure that no node's work falls back to the CPU.
 */
import { createInterface } from 'node:readline';

import { openModel } from '../../engine/onnx/prepare';
import { ProfiledSession } from '../../engine/runtime/profile';
import type { ProviderName } from '../../engine/runtime/providers';
import { Session } from '../../engine/runtime/session';
import { floats, sizeOf, type Tensor } from '../../engine/tensor/tensor';
import { blockFor } from '../../engine/training/lowering/probe';
import { withOwnConstants } from '../../engine/training/parameters/parameters';
import { measureShapes } from '../../engine/training/step/shapes';
import { buildTrainingStep, names, ratesFeed } from '../../engine/training/step/step';
import { fallbacks } from './fallbacks';

async function main(path: string, batch: number, threads: number, provider: ProviderName): Promise<void> {
  const graph = withOwnConstants(openModel(path));
  const image = graph.inputs[0].dims!.slice(1) as number[];
  const step = buildTrainingStep(graph, await measureShapes(graph, image), {
    weightDecay: 5e-4,
    block: await blockFor(provider),
  });
  const labels = BigInt64Array.from({ length: batch }, (_, n) => BigInt(n % 10));
  let vectors: Record<string, Tensor> = Object.fromEntries(
    step.vectors.map(({ input, size, initial }) => [input, floats([size], initial(graph))]),
  );
  const images = floats([batch, ...image], Float32Array.from({ length: batch * sizeOf(image) }, Math.random));
  let done = 0;
  const feeds = () => ({
    [step.images]: images,
    [names.labels]: { type: 'int64' as const, dims: [batch], data: labels },
    ...ratesFeed(step, { learningRate: 1e-4, momentum: 0.9 }, done++),
    ...vectors,
  });
  if (provider !== 'cpu') {
    const profiled = await ProfiledSession.open(step.model, { threads, provider });
    await profiled.run(feeds());
    const fallen = fallbacks(profiled.finish()[0]);
    await profiled.close();
    if (fallen.length) throw new Error(`${path} on ${provider}: the CPU computes ${fallen.join(', ')}`);
  }
  const session = await Session.open(step.model, { threads, provider });
  for await (const line of createInterface(process.stdin)) {
    const times: number[] = [];
    const before = process.cpuUsage();
    for (let at = 0; at < Number(line); at++) {
      const start = performance.now();
      const results = await session.run(feeds());
      vectors = Object.fromEntries(step.vectors.map(({ input, output }) => [input, results[output]]));
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(before);
    const cpu = (user + system) / 1000;
    console.log(JSON.stringify({ times, cpu, peak: process.resourceUsage().maxRSS / 1024 }));
  }
}

const [path, batch, threads, provider = 'cpu'] = process.argv.slice(2);
void main(path, Number(batch), Number(threads), provider as ProviderName);
