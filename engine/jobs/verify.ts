import { EngineError } from '../errors';
import { setAttribute } from '../onnx/node-attributes';
import type { Graph } from '../onnx/graph';
import { compareModels } from '../runtime/measure-metric';
import { randomData } from '../runtime/feeds';
import { judgedGraph } from '../runtime/judged-values';
import type { Compressed } from './compressor';
import type { Tools } from './backends';
import type { CompressInput } from './types';

/** How far a rewritten graph's outputs may be from its equal's, relative and squared: rounding, not a mistake. */
const rounding = 1e-5;

/** Operators that draw anew at each run, as a variational autoencoder does. */
const drawing = new Set(
  'RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial'.split(' '),
);

/** A rewrite must not change what the model computes. @throws EngineError `UnsupportedModel` where it does */
export async function verify(
  { graph, equivalent }: Compressed,
  { model, method }: Pick<CompressInput, 'model' | 'method'>,
  { threads, provider }: Tools,
): Promise<void> {
  const { data } = randomData(graph, { inputShape: method.inputSize, samples: 2, seed: 1 });
  const [original, rewritten] = [equivalent, graph].map((each) => judgedGraph(drawingAlike(each)));
  const { relativeError } = await compareModels(original, rewritten, data, { threads, provider });
  if (relativeError <= rounding) return;
  throw new EngineError(
    'UnsupportedModel',
    `the rewritten model does not compute what it should (relative error ${relativeError.toPrecision(2)}): ` +
      `${model} holds something that Slimflow misreads, and nothing was written; please report it`,
  );
}

/** A copy in which whatever is drawn is drawn from one seed. */
function drawingAlike(graph: Graph): Graph {
  if (!graph.nodes.some(({ opType }) => drawing.has(opType))) return graph;
  const copy = graph.clone();
  for (const node of copy.nodes) if (drawing.has(node.opType)) setAttribute(node, 'seed', 1);
  return copy;
}
