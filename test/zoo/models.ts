import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { Graph } from '../../engine/onnx/graph';
import { Session } from '../../engine/runtime/session';
import type { Tensor } from '../../engine/tensor/tensor';
import { randoms } from '../support/graphs';
import { root } from '../support/paths';

const folder = join(root, 'test', 'zoo', 'models');

/** The small models by name, such as `resnet18-torchscript`; make_zoo.py wrote them. */
export const zoo: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => basename(file, '.onnx'))
  .sort();

export const zooModel = (name: string) => join(folder, `${name}.onnx`);

/** A seeded input of a model of one image input: `batch` samples. */
export function inputFor(graph: Graph, batch: number): Tensor {
  const [, ...dims] = graph.inputs[0].dims!.map(Number);
  return randoms([batch, ...dims], batch);
}

/** All outputs for one input, by a session without any of ONNX Runtime's graph optimizations. */
export async function runPlain(graph: Graph, x: Tensor): Promise<Record<string, Tensor>> {
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    return await session.run({ [session.inputs[0]]: x });
  } finally {
    await session.close();
  }
}
