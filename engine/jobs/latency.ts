import { openModel } from '../onnx/prepare';
import { inferShapes } from '../onnx/shapes';
import { Session } from '../runtime/session';
import { floats, sizeOf } from '../tensor/tensor';
import type { JobContext } from './job';
import type { Latency, LatencyInput } from './types';

/**
 * The median time of one sample through each model. The models take turns, so that a machine that gets slower or
 * busier meanwhile does so for all of them.
 */
export async function latency(
  { models, threads, runs }: LatencyInput,
  context: JobContext,
): Promise<Latency> {
  const contenders: {
    session: Session;
    feeds: Record<string, ReturnType<typeof floats>>;
    times: number[];
  }[] = [];
  try {
    for (const path of models) {
      const graph = openModel(path);
      const shapes = inferShapes(graph);
      const feeds = Object.fromEntries(
        graph.inputs.map(({ name }) => {
          const dims = (shapes.get(name) ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
          return [name, floats(dims, new Float32Array(sizeOf(dims)).fill(0.5))];
        }),
      );
      contenders.push({ session: await Session.open(graph, { threads }), feeds, times: [] });
    }
    const warmUp = 3;
    for (let run = -warmUp; run < runs; run++) {
      context.checkStop();
      context.report({ done: Math.max(0, run), total: runs, note: `run ${Math.max(0, run) + 1}/${runs}` });
      for (const { session, feeds, times } of contenders) {
        const start = performance.now();
        await session.run(feeds);
        if (run >= 0) times.push(performance.now() - start);
      }
    }
    return { ms: contenders.map(({ times }) => times.sort((a, b) => a - b)[times.length >> 1]) };
  } finally {
    await Promise.all(contenders.map(({ session }) => session.close()));
  }
}
