import type { Graph, Node } from '../onnx/graph';
import { isPlainConv, type Layer } from '../onnx/layers';

/** A per-channel parameter on a path, and the axis along which its channels lie. */
export interface ChannelParameter {
  readonly name: string;
  readonly axis: number;
}

/**
 * A stretch of a network in which dropping an input channel of `consumer` drops it all the way up: an output channel
 * of `producer` (filter and bias) and the parameters in between. Nothing else reads any value on it.
 */
export interface ChannelPath {
  readonly consumer: Layer;
  readonly producer: Layer;
  readonly parameters: readonly ChannelParameter[];
  /** Input channels of the consumer. */
  readonly channels: number;
}

/** Operators that treat each channel by itself and hold no channel parameter. */
const channelwise = new Set(
  (
    'Relu LeakyRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu Softplus Softsign Mish Gelu Swish Erf Exp Abs Neg ' +
    'Sqrt Dropout Identity MaxPool AveragePool GlobalAveragePool GlobalMaxPool'
  ).split(' '),
);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div', 'PRelu']);

/** The prunable stretches of a graph, in execution order of their consumers. Winnowing stops where branches join. */
export function channelPaths(graph: Graph, layers: readonly Layer[]): ChannelPath[] {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  return layers.flatMap((consumer) => {
    if (!isPlainConv(consumer, graph)) return [];
    const parameters: ChannelParameter[] = [];
    let value = consumer.node.input[0];
    for (;;) {
      const node = graph.producer(value);
      if (!node || graph.uses(value).length !== 1 || graph.isOutput(value)) return [];
      const producer = byNode.get(node);
      if (producer) {
        const biased = node.input[2] ? [{ name: node.input[2], axis: 0 }] : [];
        if (!isPlainConv(producer, graph) || !owned(graph, [...biased, ...parameters])) return [];
        // A constant in between may have stretched one channel to many.
        if (producer.dims[0] !== consumer.dims[1]) return [];
        return [{ consumer, producer, parameters, channels: consumer.dims[1] }];
      }
      const held = parametersOf(graph, node);
      if (!held || !owned(graph, held)) return [];
      parameters.unshift(...held);
      value = node.input.find((input) => !graph.isConstant(input))!;
    }
  });
}

/** The channel parameters of a node that treats channels apart; undefined for any other node. */
function parametersOf(graph: Graph, node: Node): ChannelParameter[] | undefined {
  if (node.domain || node.output.filter(Boolean).length !== 1) return undefined;
  if (channelwise.has(node.opType)) return [];
  if (node.opType === 'BatchNormalization') {
    // Optimizers merge equal parameters, such as a shift and a mean of zeros.
    return [...new Set(node.input.slice(1))].map((name) => ({ name, axis: 0 }));
  }
  if (!arithmetic.has(node.opType)) return undefined;
  const constants = node.input.filter((input) => graph.isConstant(input));
  if (constants.length !== 1 || node.input.length !== 2) return undefined;
  const dims = graph.constant(constants[0])?.dims;
  if (!dims) return undefined;
  if (dims.every((dim) => dim === 1)) return [];
  // Against [N, C, H, W] a constant varies by channel alone as [C, 1, 1] or [1, C, 1, 1].
  const axis = dims.length - 3;
  return axis >= 0 && dims.every((dim, at) => at === axis || dim === 1)
    ? [{ name: constants[0], axis }]
    : undefined;
}

/** Whether each parameter is a constant read by one input of one node: optimizers share equal ones. */
const owned = (graph: Graph, parameters: readonly ChannelParameter[]) =>
  new Set(parameters.map(({ name }) => name)).size === parameters.length &&
  parameters.every(({ name }) => graph.isConstant(name) && graph.uses(name).length === 1);
