import { create } from '@bufbuild/protobuf';

import { floats } from '../../tensor/tensor';
import { type Graph, makeNode, type Node, type NodeFields } from '../graph';
import { stringOf } from '../node-attributes';
import { NodeProtoSchema } from '../proto/onnx_pb';
import { table } from '../../table';

/** Parameters of an activation as an optimized file holds them, in ONNX Runtime's order. */
type Activation = (
  parameters: readonly number[],
  constant: (value: number) => string,
) => Pick<NodeFields, 'op' | 'attributes'> & { readonly more?: readonly string[] };

/** Activations that ONNX Runtime fuses into a convolution. */
const activations = table<Activation>({
  Relu: () => ({ op: 'Relu' }),
  Tanh: () => ({ op: 'Tanh' }),
  Sigmoid: () => ({ op: 'Sigmoid' }),
  LeakyRelu: ([alpha = 0.01]) => ({ op: 'LeakyRelu', attributes: { alpha } }),
  Clip: ([low, high], constant) => ({ op: 'Clip', more: [constant(low), constant(high)] }),
});

/**
 * Replaces each FusedConv, as ONNX Runtime writes it into optimized files, by the Conv, the Add and the activation that it
 * was: these are counted and compressed like any other.
 */
export function splitFused(graph: Graph): void {
  for (const node of [...graph.nodes])
    if (node.domain === 'com.microsoft' && node.opType === 'FusedConv') split(graph, node);
}

function split(graph: Graph, node: Node): void {
  const name = stringOf(node, 'activation', '');
  const activation = activations[name];
  if (!activation) return;
  const parameters = node.attribute.find((one) => one.name === 'activation_params')?.floats ?? [];
  const constant = (value: number): string => {
    const limit = graph.uniqueName(`${node.output[0]}.limit`);
    graph.setConstant(limit, floats([], [value]));
    return limit;
  };
  const [output] = node.output;
  const { op, attributes, more = [] } = activation(parameters, constant);
  const plain = create(NodeProtoSchema, {
    ...node,
    domain: '',
    opType: 'Conv',
    input: node.input.slice(0, 3),
    output: [graph.uniqueName(`${output}.conv`)],
    attribute: node.attribute.filter((one) => !one.name.startsWith('activation')),
  });
  const added = node.input[3]
    ? makeNode({
        op: 'Add',
        inputs: [plain.output[0], node.input[3]],
        outputs: [graph.uniqueName(`${output}.sum`)],
      })
    : undefined;
  const inputs = [(added ?? plain).output[0], ...more];
  const own = graph.uniqueName(`${node.name || output}.activation`);
  const closing = makeNode({ op, inputs, outputs: [output], name: own, attributes });
  graph.replace(node, [plain, ...(added ? [added] : []), closing]);
}
