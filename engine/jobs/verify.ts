import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { setAttribute } from '../onnx/node-attributes';
import { fixedBatch } from '../runtime/batch-size';
import { beforeClosing, saturates } from '../runtime/before-closing';
import { feederOf, randomData } from '../runtime/feeds';
import { judgedGraph } from '../runtime/judged-values';
import { Session, type SessionSettings } from '../runtime/session';
import { asFloats } from '../tensor/as-floats';
import type { Tensor } from '../tensor/tensor';
import type { Compressed } from './compressor';
import type { Tools } from './backends';
import type { CompressInput } from './types';

/** Largest relative squared difference between a rewritten graph's outputs and its equal's that counts as rounding. */
const rounding = 1e-5;
/** Factor by which the difference may exceed that between ONNX Runtime's own kernels on the same graph. */
const ofKernels = 10;
/** The squared step in which bounded functions such as Sigmoid are computed near 0. */
const step = 2 ** -48;

/** Operators that draw random numbers at each run, as in a variational autoencoder. */
const drawing = new Set(
  'RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial'.split(' '),
);

/**
 * Checks that a rewrite does not change what the model computes, on two samples of the data that it is compressed with.
 * Logits are compared rather than the result of a closing Sigmoid or Softmax. A difference beyond rounding is compared
 * with that between ONNX Runtime's optimized and plain kernels on one graph, which is large if outputs are the
 * remainder of numbers that cancel.
 * @throws EngineError `UnsupportedModel` if it does, or if the original computes nothing finite to compare with
 */
export async function verify(
  { graph, equivalent }: Compressed,
  { model, method, train }: Pick<CompressInput, 'model' | 'method' | 'train'>,
  { threads, provider }: Tools,
): Promise<void> {
  const random = 'random' in train;
  const data = random
    ? randomData(graph, { inputShape: method.inputSize, samples: fixedBatch(graph) ?? 2, seed: 1 }).data
    : Dataset.open(train);
  try {
    const [original, rewritten] = comparable(equivalent, graph);
    const count = fixedBatch(original, data.inputs) ?? 2;
    const samples = data.length > count ? data.drawn(count, 1) : data;
    const feeds = feederOf(original, samples).feeds(samples.slice(0, count));
    const run = async (which: Graph, optimize?: SessionSettings['optimize']) => {
      const session = await Session.open(which, { threads, provider, optimize });
      try {
        return await session.run(feeds);
      } finally {
        await session.close();
      }
    };
    const [own, other] = [await run(original), await run(rewritten)];
    const floor = saturates(original) ? step : 0;
    let plain: Outputs | undefined;
    for (const name of Object.keys(own)) {
      const found = differenceOf(name, own, other, { floor, random, model });
      if (found <= rounding) continue;
      plain ??= await run(original, 'disabled');
      const between = differenceOf(name, own, plain, { floor, random, model });
      if (found > Math.min(0.5, ofKernels * between))
        throw misread(model, `relative error ${found.toPrecision(2)} in ${name}`);
    }
  } finally {
    data.close();
  }
}

const misread = (model: string, how: string): EngineError =>
  new EngineError(
    'UnsupportedModel',
    `the rewritten model does not compute what it should (${how}): ` +
      `Slimflow misreads something in ${model}. Nothing was written; please report it`,
  );

type Outputs = Readonly<Record<string, Tensor>>;

/** Pairs two graphs with the outputs by which they are compared: those before a closing function, if both have them. */
function comparable(equivalent: Graph, rewritten: Graph): [Graph, Graph] {
  const graphs = [equivalent, rewritten].map((each) => judgedGraph(drawingAlike(each)));
  const values = graphs.map(beforeClosing);
  const both = values[0].join('\n') === values[1].join('\n');
  const inputs = equivalent.inputs.map(({ name }) => name);
  return graphs.map((each) => (both ? extract(each, inputs, values[0]) : each)) as [Graph, Graph];
}

/** Computes how far `other` is from `own` in an output, squared and relative; infinite if only one of them is finite. */
function differenceOf(
  name: string,
  own: Outputs,
  other: Outputs,
  told: { readonly floor: number; readonly random: boolean; readonly model: string },
): number {
  const [a, b] = [asFloats(own[name]), other[name] && asFloats(other[name])];
  if (!a) return 0;
  if (!b || a.length !== b.length) return Infinity;
  let [distance, energy, finite] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    if (Object.is(a[at], b[at])) {
      if (!Number.isFinite(a[at])) continue;
    } else distance += (a[at] - b[at]) ** 2;
    energy += a[at] ** 2;
    finite += Number(Number.isFinite(a[at]));
  }
  if (a.length && !finite) throw notFinite(name, told);
  if (Number.isNaN(distance)) return Infinity;
  if (distance <= told.floor * a.length) return 0;
  return energy ? distance / energy : Infinity;
}

const notFinite = (name: string, { random, model }: { random: boolean; model: string }): EngineError =>
  new EngineError(
    'UnsupportedModel',
    random
      ? `${model} computes NaN or infinities in ${name} from random inputs, so the compressed model can't be compared with it: give data of the kind that it was trained on (--data)`
      : `${model} computes NaN or infinities in ${name} from the training data: check its weights, and that \`normalize\` matches its training`,
  );

/** Copies a graph so that all its random numbers are drawn with one seed. */
function drawingAlike(graph: Graph): Graph {
  if (!graph.nodes.some(({ opType }) => drawing.has(opType))) return graph;
  const copy = graph.clone();
  for (const node of copy.nodes) if (drawing.has(node.opType)) setAttribute(node, 'seed', 1);
  return copy;
}
