import type { Dataset } from '../../data/dataset';
import { declare } from '../../onnx/extract';
import { type Graph, makeNode, type Node } from '../../onnx/graph';
import type { ProviderChoice } from '../../names';
import { Session } from '../../runtime/session';
import { floats, type FloatTensor, isFloat, sizeOf, type Tensor } from '../../tensor/tensor';
import { feederOf } from '../../runtime/feeds';
import { sampleInputs } from '../step/step';
import { Builder } from '../emit/builder';
import { withValues } from './parameters';
import { scoresOf } from '../losses/model-scores';
import type { Shape } from '../emit/batch-shapes';

/** A model with a normalization after each convolution, to be trained in place of one without. */
export interface Restored {
  readonly graph: Graph;
  /** Folds the trained normalizations back into the original model, with its new values. */
  readonly fold: (values: ReadonlyMap<string, Tensor>, whole?: Graph) => Graph;
}

/** Options for measuring the statistics of normalizations. */
export interface CalibrationOptions {
  readonly batch: number;
  readonly seed: number;
  readonly threads: number;
  /** `cpu` by default. */
  readonly provider?: ProviderChoice;
}

/** A convolution that gets a normalization; names of initializers. */
interface Site {
  readonly output: string;
  readonly weight: string;
  readonly bias: string | undefined;
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/** Mean and variance of each channel. */
interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

const epsilon = 1e-5;
const calibrationSamples = 512;

/**
 * Inserts a BatchNormalization after each convolution that has none, since exporters fold them away. Inference is
 * unchanged: the running statistics are those of images of the data set, scale and shift their deviation and mean.
 * Convolutions whose planes are one pixel, whose result is the logits, or that share their weight are left alone.
 * @param graph as `withOwnConstants` returns it
 * @param shapes of all its values (`measureShapes`)
 */
export async function restoreNorms(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  data: Dataset,
  options: CalibrationOptions,
): Promise<Restored> {
  const restored = graph.clone();
  const chosen = restored.nodes.filter((node) => lacksNorm(restored, node, shapes));
  const moments = await measure(
    graph,
    shapes,
    data,
    chosen.map(({ output: [value] }) => value),
    options,
  );
  const sites = chosen.map((conv) => insertNorm(restored, conv, moments.get(conv.output[0])!));
  return { graph: restored, fold: (values, whole = graph) => fold(whole, restored, sites, values) };
}

function lacksNorm(graph: Graph, node: Node, shapes: ReadonlyMap<string, Shape>): boolean {
  const [weight, bias] = [graph.constant(node.input[1]), graph.constant(node.input[2])];
  const [output] = node.output;
  const [, , ...plane] = shapes.get(output) ?? [];
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  return (
    !node.domain &&
    node.opType === 'Conv' &&
    isFloat(weight) &&
    (!node.input[2] || isFloat(bias)) &&
    graph.uses(node.input[1]).length === 1 &&
    sizeOf(plane) > 1 &&
    !graph.isOutput(output) &&
    output !== scoresOf(graph, shapeOf).value &&
    !graph.uses(output).some(({ opType }) => opType === 'BatchNormalization')
  );
}

/**
 * Computes mean and variance over the data of values [N, C, …], combined over batches as in Chan, Golub and LeVeque
 * (1983).
 */
async function measure(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  data: Dataset,
  values: readonly string[],
  { batch, seed, threads, provider = 'cpu' }: CalibrationOptions,
): Promise<Map<string, Moments>> {
  const builder = new Builder(graph.opset, 'calibration');
  for (const name of graph.initializers) {
    const constant = graph.constant(name);
    if (constant) builder.constant(constant, name);
  }
  builder.nodes.push(...graph.nodes);
  const [meanOf, varianceOf] = ['mean', 'variance'].map((what) => (value: string) => `${what} of ${value}`);
  for (const value of values) {
    const rank = shapes.get(value)!.length;
    const axes = [...Array(rank).keys()].filter((axis) => axis !== 1);
    const mean = builder.reduceMean(value, axes, true);
    const apart = builder.op('Sub', [value, mean]);
    const variance = builder.reduceMean(builder.op('Mul', [apart, apart]), axes, true);
    builder.op('Reshape', [mean, builder.ints([-1])], {}, meanOf(value));
    builder.op('Reshape', [variance, builder.ints([-1])], {}, varianceOf(value));
  }
  const model = builder.build({
    irVersion: graph.model.irVersion,
    opsets: graph.model.opsetImport,
    inputs: sampleInputs(graph, (value) => shapes.get(value) ?? []),
    outputs: values.flatMap((value) => [declare(meanOf(value)), declare(varianceOf(value))]),
  });
  const moments = new Map<string, Moments>();
  if (!values.length) return moments;
  const session = await Session.open(model, { threads, provider });
  try {
    let seen = 0;
    const feeder = feederOf(graph, data);
    for (const samples of data.sampled(calibrationSamples, seed, batch)) {
      const { size } = samples;
      const found = await session.run(feeder.feeds(samples));
      for (const value of values) {
        const [mean, variance] = [meanOf, varianceOf].map((name) =>
          Float64Array.from((found[name(value)] as FloatTensor).data),
        );
        moments.set(value, combined(moments.get(value), seen, { mean, variance }, size));
      }
      seen += size;
    }
  } finally {
    await session.close();
  }
  return moments;
}

function combined(before: Moments | undefined, seen: number, added: Moments, size: number): Moments {
  if (!before) return added;
  const part = size / (seen + size);
  const mean = before.mean.map((value, at) => value + part * (added.mean[at] - value));
  const variance = before.variance.map((value, at) => {
    const apart = added.mean[at] - before.mean[at];
    return (1 - part) * value + part * added.variance[at] + part * (1 - part) * apart * apart;
  });
  return { mean, variance };
}

/** Inserts a normalization after a convolution, under the name of its result; its own bias goes into the mean. */
function insertNorm(graph: Graph, conv: Node, { mean, variance }: Moments): Site {
  const [output] = conv.output;
  const [, weight, bias] = conv.input;
  const own = graph.constant(bias)?.data as Float32Array | undefined;
  const constant = (what: string, values: Float64Array) => {
    const name = graph.uniqueName(`${output} ${what}`);
    graph.setConstant(name, floats([values.length], Float32Array.from(values)));
    return name;
  };
  const names = {
    scale: constant(
      'scale',
      variance.map((value) => Math.sqrt(value + epsilon)),
    ),
    shift: constant('shift', mean),
    mean: constant(
      'mean',
      mean.map((value, at) => value - (own?.[at] ?? 0)),
    ),
    variance: constant('variance', variance),
  };
  const before = graph.uniqueName(`${output} before normalization`);
  // Named after their values: the original's name may be that of the value that the normalization now computes.
  const plain = makeNode({ op: 'Conv', inputs: [conv.input[0], weight], outputs: [before] });
  plain.attribute = conv.attribute;
  const norm = makeNode({
    op: 'BatchNormalization',
    inputs: [before, names.scale, names.shift, names.mean, names.variance],
    outputs: [output],
    attributes: { epsilon },
  });
  graph.replace(conv, [plain, norm]);
  return { output, weight, bias: bias || undefined, ...names };
}

/**
 * Restores the original graph with trained values: w' = w · f, b' = shift - mean · f, where f = scale/deviation. Parts
 * of a site that training did not change (an operator without a gradient, or another output, comes after it) are as
 * restored; convolutions of which it changed nothing stay as they are.
 */
function fold(
  graph: Graph,
  restored: Graph,
  all: readonly Site[],
  values: ReadonlyMap<string, Tensor>,
): Graph {
  const kept = new Map(values);
  for (const { scale, shift, mean, variance } of all)
    [scale, shift, mean, variance].forEach((name) => kept.delete(name));
  const sites = all.filter(({ scale, shift, mean, variance, weight }) =>
    [scale, shift, mean, variance, weight].some((name) => values.has(name)),
  );
  const valueOf = (name: string) => values.get(name) ?? restored.constant(name)!;
  const biases: [output: string, bias: Tensor][] = [];
  for (const site of sites) {
    const [scale, shift, mean, variance, weight] = [
      site.scale,
      site.shift,
      site.mean,
      site.variance,
      site.weight,
    ].map((name) => valueOf(name).data as Float32Array);
    const factor = scale.map((value, channel) => value / Math.sqrt(variance[channel] + epsilon));
    const width = weight.length / factor.length;
    const { dims } = valueOf(site.weight);
    kept.set(
      site.weight,
      floats(
        dims,
        weight.map((value, at) => value * factor[Math.floor(at / width)]),
      ),
    );
    const bias = shift.map((value, channel) => value - mean[channel] * factor[channel]);
    biases.push([site.output, floats([bias.length], bias)]);
  }
  const folded = withValues(graph, kept);
  for (const [output, bias] of biases) {
    const conv = folded.producer(output)!;
    const name = conv.input[2];
    const own = name && folded.uses(name).length === 1 ? name : folded.uniqueName(`${output} bias`);
    folded.setConstant(own, bias);
    if (own !== name) folded.setInput(conv, 2, own);
  }
  return folded;
}
