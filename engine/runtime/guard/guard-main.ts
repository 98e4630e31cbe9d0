import { writeFileSync } from 'node:fs';

import { extract } from '../../onnx/extract';
import { loadModel, parseModel, serializeModel } from '../../onnx/model';
import type { Tensor } from '../../tensor/tensor';
import { drawn, drawnInputs } from '../feeds';
import { described } from '../plain-reason';
import { Session } from '../session';
import type { GuardedReply, GuardedResults, GuardedTask } from './guarded-task';

/*
 * The process in which `guardedRun` runs models of users. Its limits are the operating system's: it may be ended at any
 * moment, and holds nothing that anybody needs.
 */

/** Sending can fail only if the parent is gone, which `disconnect` reports. */
const tell = (reply: GuardedReply): void => void process.send?.(reply, () => undefined);

const open = (model: Uint8Array | string): Promise<Session> =>
  Session.open(model, { threads: 1, optimize: 'disabled', provider: 'cpu' });

async function whole({ model, runs }: GuardedTask): Promise<GuardedResults> {
  const session = await open(model);
  try {
    const results = [];
    for (const { seed, inputs } of runs) results.push(await session.run(drawn(inputs, seed)));
    return results;
  } finally {
    await session.close();
  }
}

async function byNode({ model, runs: [run], inputSize }: GuardedTask): Promise<GuardedResults> {
  const graph = typeof model === 'string' ? loadModel(model) : parseModel(model);
  const inputs = run?.inputs ?? drawnInputs(graph, { inputShape: inputSize });
  const values = new Map<string, Tensor>(Object.entries(drawn(inputs, run?.seed ?? 0)));
  for (const node of graph.nodes) {
    tell({ at: described(node) });
    const reads = [...graph.readsOf(node)].filter((value) => !graph.isConstant(value));
    const types = new Map(reads.map((value) => [value, values.get(value)!.type]));
    const alone = extract(graph, reads, node.output.filter(Boolean), undefined, types);
    const session = await open(serializeModel(alone));
    try {
      const results = await session.run(
        Object.fromEntries(reads.map((value) => [value, values.get(value)!])),
      );
      for (const [name, value] of Object.entries(results)) values.set(name, value);
    } finally {
      await session.close();
    }
  }
  return [];
}

process.on('message', (task: GuardedTask) => {
  const work = task.byNode ? byNode(task) : whole(task);
  work.then(
    (results) => tell({ results }),
    (error: unknown) => tell({ failed: (error as Error).message }),
  );
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group: the parent decides what it means.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
try {
  // If memory runs out the kernel ends this process rather than another.
  writeFileSync('/proc/self/oom_score_adj', '800');
} catch {
  // Not supported by this system, or not allowed.
}
tell({ ready: true });
