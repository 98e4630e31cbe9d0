import type { Dataset } from '../../data/dataset';
import { Random } from '../../data/random';
import { intOf } from '../../onnx/node-attributes';
import { nodesFor } from '../../onnx/extract';
import type { Graph, Node } from '../../onnx/graph';
import { floats, sizeOf, type Tensor } from '../../tensor/tensor';
import { findTrainable, withOwnConstants, withValues } from './parameters';
import { measureShapes } from '../emit/batch-shapes';
import { table } from '../../table';

/** Draws new values of a parameter of shape `dims`, as an operator's input. */
type Initializer = (dims: readonly number[], random: Random, node: Node) => Float32Array;

const filled =
  (value: number): Initializer =>
  (dims) =>
    new Float32Array(sizeOf(dims)).fill(value);
const [zeros, ones] = [filled(0), filled(1)];

/**
 * Draws from a normal distribution of variance 2 / fan-out (He et al., 2015, for the backward pass, as in torchvision).
 * A weight [K, C / groups, …] of Conv feeds K / groups outputs from each input; so does one of ConvTranspose [C, K /
 * groups, …].
 */
const heFanOut =
  (outputs: 0 | 1): Initializer =>
  (dims, random, node) => {
    const groups = outputs === 0 ? intOf(node, 'group', 1) : 1;
    const fanOut = (dims[outputs] / groups) * sizeOf(dims.slice(2));
    const deviation = Math.sqrt(2 / fanOut);
    return Float32Array.from({ length: sizeOf(dims) }, () => deviation * random.normal());
  };

/** Draws uniformly within ±1/√fan-in, as PyTorch does for fully connected layers. */
const byFanIn =
  (fanIn: (dims: readonly number[], node: Node) => number): Initializer =>
  (dims, random, node) => {
    const bound = 1 / Math.sqrt(fanIn(dims, node));
    return Float32Array.from({ length: sizeOf(dims) }, () => bound * (2 * random.next() - 1));
  };

/** Parameters among an operator's inputs, and their initial values. */
const rules = table<Readonly<Record<number, Initializer>>>({
  Conv: { 1: heFanOut(0), 2: zeros },
  ConvTranspose: { 1: heFanOut(1), 2: zeros },
  Gemm: { 1: byFanIn((dims, node) => dims[intOf(node, 'transB', 0) ? 1 : 0]), 2: zeros },
  MatMul: {
    0: byFanIn((dims) => dims[dims.length - 1]),
    1: byFanIn((dims) => dims[Math.max(0, dims.length - 2)]),
  },
  BatchNormalization: { 1: ones, 2: zeros, 3: zeros, 4: ones },
  InstanceNormalization: { 1: ones, 2: zeros },
  LayerNormalization: { 1: ones, 2: zeros },
  GroupNormalization: { 1: ones, 2: zeros },
  RMSNormalization: { 1: ones },
  PRelu: { 1: filled(0.25) },
  Add: { 0: zeros, 1: zeros },
  Mul: { 0: ones, 1: ones },
});

/** A graph with initial values. */
export interface Initialized {
  /** The graph with new values in its initializers. */
  readonly graph: Graph;
  /** Sentences about parameters that keep their values, and about networks that are hard to train from scratch. */
  readonly notes: readonly string[];
}

/**
 * Initializes every parameter and running statistic that training changes: convolutions as He et al. (2015), fully
 * connected layers as PyTorch, biases 0, normalizations the identity. The values depend only on graph and seed.
 * @param options `data`: what feeds the model, or the shape [C, H, W] of an image
 * @throws EngineError `UnsupportedModel` if there is nothing to train
 */
export async function initialized(
  graph: Graph,
  { data, seed }: { readonly data: Dataset | readonly number[]; readonly seed: number },
): Promise<Initialized> {
  const own = withOwnConstants(graph);
  const [{ name: output }] = own.outputs;
  const nodes = nodesFor(own, [output]).nodes;
  const shapes = await measureShapes(own, data);
  const { parameters, statistics } = findTrainable(own, nodes, (value) => shapes.get(value) ?? [], [output]);
  const wanted = [...parameters.entries, ...statistics.entries];
  const values = new Map<string, Tensor>();
  wanted.forEach(({ name, dims }, at) => {
    const use = nodes.find((node) => ruleFor(node, name));
    // Odd multipliers keep the streams of neighbouring seeds and parameters apart.
    const random = new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b));
    if (use) values.set(name, floats(dims, ruleFor(use, name)!(dims, random, use)));
  });
  const kept = wanted.map(({ name }) => name).filter((name) => !values.has(name));
  const notes = kept.map(
    (name) => `from scratch: ${name} keeps the model's values, since no rule initializes it`,
  );
  if (!nodes.some(({ opType }) => /Normalization$/.test(opType)))
    notes.push(
      'from scratch: the model has no normalization (its exporter may have folded it away), which makes large learning ' +
        'rates diverge: export it with normalization left in, or lower the learning rate',
    );
  return { graph: withValues(graph, values), notes };
}

function ruleFor(node: Node, name: string): Initializer | undefined {
  const at = node.domain ? -1 : node.input.indexOf(name);
  return at < 0 ? undefined : rules[node.opType]?.[at];
}
