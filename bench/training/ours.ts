/**
 * Our side of bench/training, a process of its own, so that its memory is its own: started with the path of a model, a
 * batch size, a number of threads, an execution provider, the steps of a call and a precision, it trains as many steps as
 * each line on stdin says, and prints, as JSON, the milliseconds of each call, divided by its steps, the process's
 * milliseconds of CPU time for them all and its peak memory in MiB. On another provider than the CPU's it first makes
 * sure that no node's work falls back to the CPU.
 */
import { createInterface } from 'node:readline';

import { openModel } from '../../engine/onnx/open-model';
import { ProfiledSession } from '../../engine/runtime/profile';
import type { ProviderName } from '../../engine/names';
import { Session } from '../../engine/runtime/session';
import { sizeOf } from '../../engine/tensor/tensor';
import { blockFor } from '../../engine/training/lowering/probe';
import { Computer } from '../../engine/training/loop/micro-batching';
import { withOwnConstants } from '../../engine/training/parameters/parameters';
import { initialVectors } from '../../engine/training/parameters/vectors';
import { measureShapes } from '../../engine/training/emit/batch-shapes';
import { buildTrainingStep } from '../../engine/training/step/step';
import { fallbacks } from './fallbacks';

interface How {
  readonly batch: number;
  readonly threads: number;
  readonly provider: ProviderName;
  readonly stepsPerCall: number;
  readonly mixed: boolean;
}

async function main(path: string, how: How): Promise<void> {
  const { batch: size, threads, provider, stepsPerCall, mixed } = how;
  const graph = withOwnConstants(openModel(path));
  const image = graph.inputs[0].dims!.slice(1) as number[];
  const shapes = await measureShapes(graph, image);
  const settings = { weightDecay: 5e-4, mixed, block: mixed ? undefined : await blockFor(provider) };
  const step = buildTrainingStep(graph, shapes, settings);
  const batch = {
    images: Float32Array.from({ length: size * sizeOf(image) }, Math.random),
    labels: Int32Array.from({ length: size }, (_, n) => n % 10),
    size,
  };
  let vectors = initialVectors(step.vectors, graph);
  let done = 0;
  const train = async (computer: Computer, count: number) => {
    const rates = Array<{ learningRate: number; momentum: number }>(count).fill({
      learningRate: 1e-4,
      momentum: 0.9,
    });
    const result = await computer.steps(vectors, { first: done, batches: Array(count).fill(batch), rates });
    vectors = result.vectors;
    done += count;
  };
  const model = { graph, shapes, settings, step };
  if (provider !== 'cpu') {
    const opened: ProfiledSession[] = [];
    const profiling = new Computer(model, async (built) => {
      const session = await ProfiledSession.open(built, { threads, provider });
      opened.push(session);
      return session;
    });
    await train(profiling, 1);
    const fallen = opened.flatMap((session) => fallbacks(session.finish()[0]));
    await profiling.close();
    if (fallen.length) throw new Error(`${path} on ${provider}: the CPU computes ${fallen.join(', ')}`);
  }
  const computer = new Computer(
    model,
    (built) => Session.open(built, { threads, provider }),
    undefined,
    stepsPerCall,
  );
  for await (const line of createInterface(process.stdin)) {
    const times: number[] = [];
    const before = process.cpuUsage();
    for (let left = Number(line); left > 0; left -= stepsPerCall) {
      const start = performance.now();
      const count = Math.min(left, stepsPerCall);
      await train(computer, count);
      times.push((performance.now() - start) / count);
    }
    const { user, system } = process.cpuUsage(before);
    const cpu = (user + system) / 1000;
    console.log(JSON.stringify({ times, cpu, peak: process.resourceUsage().maxRSS / 1024 }));
  }
}

const [path, batch, threads, provider = 'cpu', stepsPerCall = '1', precision = 'float32'] =
  process.argv.slice(2);
void main(path, {
  batch: Number(batch),
  threads: Number(threads),
  provider: provider as ProviderName,
  stepsPerCall: Number(stepsPerCall),
  mixed: precision === 'mixed',
});
