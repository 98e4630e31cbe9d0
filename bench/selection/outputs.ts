import { join } from 'node:path';

import { Dataset } from '../../engine/data/dataset';
import type { DatasetSource } from '../../engine/data/source';
import { metricOf } from '../../engine/data/metric';
import type { Graph } from '../../engine/onnx/graph';
import { Session } from '../../engine/runtime/session';
import { floats } from '../../engine/tensor/tensor';
import { root } from '../docs';

/** The folder of the digits example. */
export const digits = join(root, 'examples', 'digits');

/** Rows of its images and labels. */
export const rows = (first: number, end: number): DatasetSource => ({
  images: join(digits, 'data', 'images.npy'),
  labels: join(digits, 'data', 'labels.npy'),
  range: [first, end],
});

/** A model's outputs on a data set, by batch, and its accuracy there. */
export async function outputsOf(graph: Graph, source: DatasetSource) {
  const data = Dataset.open(source);
  const session = await Session.open(graph, { threads: 1 });
  const metric = metricOf('top1');
  const outputs: Float32Array[] = [];
  for (const { images, labels, size } of data.batches(250)) {
    const result = await session.run({ [session.inputs[0]]: floats([size, ...data.shape], images) });
    const { data: scores, dims } = result[session.outputs[0]];
    outputs.push(Float32Array.from(scores as Float32Array));
    metric.add(outputs[outputs.length - 1], labels, dims);
  }
  await session.close();
  data.close();
  return { outputs, accuracy: metric.value() };
}

/** Squared distance of outputs relative to the squared length of `original`. */
export function error(outputs: readonly Float32Array[], original: readonly Float32Array[]): number {
  let [distance, norm] = [0, 0];
  original.forEach((batch, at) =>
    batch.forEach((value, i) => {
      distance += (outputs[at][i] - value) ** 2;
      norm += value ** 2;
    }),
  );
  return distance / norm;
}
