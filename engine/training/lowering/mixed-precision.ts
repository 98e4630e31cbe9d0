import { clone, create } from '@bufbuild/protobuf';

import { intOf } from '../../onnx/node-attributes';
import { elementTypes, type ElementTypes } from '../../onnx/element-types';
import { Graph, type Node } from '../../onnx/graph';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ValueInfoProto,
} from '../../onnx/proto/onnx_pb';
import { codeOf } from '../../onnx/tensor-proto';
import { reads } from '../../onnx/walk';
import { isFloat, type Tensor } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { Lowering } from './lowering';

/** Matrix products, which GPUs compute many times faster in halves: always in float16. */
const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'com.microsoft.FusedMatMul']);

/** Operators that lose nothing in float16 beyond rounding: in float16 if all their inputs already are. */
const followers = new Set(
  (
    'Relu LeakyRelu PRelu ThresholdedRelu Clip Sigmoid HardSigmoid HardSwish Tanh Add Sub Mul Neg Abs Sum Min Max ' +
    'Where Greater Less Equal MaxPool AveragePool Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Concat ' +
    'Split Slice Gather Pad DepthToSpace SpaceToDepth Resize Identity'
  ).split(' '),
);

/** Types by ONNX's numbers. */
const [float32, float16, bool]: readonly number[] = [DataType.FLOAT, DataType.FLOAT16, DataType.BOOL];
/** First opset in which Clip takes float16. */
const halfClip = 12;
/** Smallest and largest magnitude of a normal half. */
const [least, largest] = [2 ** -14, 65504];

/**
 * Rewrites what a builder has emitted so that convolutions, matrix products and the element-wise operators between them
 * compute in float16 (automatic mixed precision, Micikevicius et al., 2018). Everything else stays in float32: sums and
 * means, statistics of normalizations, exponentials and quotients, losses. Values keep their names in float32.
 * @param inputs of the graph that is being written
 * @param results values that are read later, in float32
 */
export function lowerToHalf(
  builder: Builder,
  { inputs, results }: { readonly inputs: readonly ValueInfoProto[]; readonly results: readonly string[] },
): void {
  const nodes = builder.nodes.splice(0);
  new MixedPrecisionLowering(builder, typesOf(builder, nodes, inputs)).run(nodes, results);
}

function typesOf(builder: Builder, nodes: readonly Node[], inputs: readonly ValueInfoProto[]): ElementTypes {
  const initializer = [...builder.initializers].map(([name, { type }]) =>
    create(TensorProtoSchema, { name, dataType: codeOf(type) }),
  );
  const graph = { node: [...nodes], initializer, input: [...inputs] };
  return elementTypes(new Graph(create(ModelProtoSchema, { graph })));
}

class MixedPrecisionLowering extends Lowering {
  /** Values that were computed in float16, rather than cast for a reader. */
  private readonly computed = new Set<string>();
  /** Booleans by the value of 0 and 1 that they are cast to: as cheap in either type. */
  private readonly masks = new Map<string, string>();

  constructor(
    builder: Builder,
    private readonly types: ElementTypes,
  ) {
    super(builder);
  }

  protected visit(node: Node): void {
    if (this.inFloat16(node)) {
      this.lower(node);
      return;
    }
    reads(node).forEach((value) => this.needPlain(value));
    this.builder.nodes.push(node);
    const { opType, input, output } = node;
    const ofMask = opType === 'Cast' && this.types.get(input[0]) === bool;
    if (ofMask && intOf(node, 'to', 0) === float32) this.masks.set(output[0], input[0]);
  }

  protected raise(value: string, half: string): void {
    this.builder.op('Cast', [half], { to: float32 }, value);
  }

  private inFloat16(node: Node): boolean {
    const name = node.domain ? `${node.domain}.${node.opType}` : node.opType;
    if (products.has(name)) return this.isFloat(node.output[0]);
    if (!followers.has(name) || (name === 'Clip' && this.builder.opset < halfClip)) return false;
    const floats = node.input.filter((value) => this.isFloat(value));
    return (
      floats.some((value) => this.computed.has(value)) &&
      floats.every((value) => this.computed.has(value) || this.isEither(value))
    );
  }

  private isFloat(value: string): boolean {
    return this.types.get(value) === float32;
  }

  private isEither(value: string): boolean {
    const constant = this.builder.initializers.get(value);
    return this.masks.has(value) || (constant !== undefined && fits(constant));
  }

  private lower(node: Node): void {
    const copy = clone(NodeProtoSchema, node);
    copy.input = node.input.map((value) => (this.isFloat(value) ? this.inHalf(value) : value));
    copy.output = node.output.map((value) => {
      if (!value || !this.isFloat(value)) return value;
      const name = `${value} in float16`;
      this.replaced(value, name);
      this.computed.add(value);
      return name;
    });
    copy.name = `${node.name || node.output[0]} in float16`;
    this.builder.nodes.push(copy);
  }

  private inHalf(value: string): string {
    const known = this.lowered.get(value);
    if (known) return known;
    const half = this.builder.op('Cast', [this.masks.get(value) ?? value], { to: float16 });
    this.lowered.set(value, half);
    return half;
  }
}

/** Tells if a constant loses no more than its last bits in float16. */
function fits(constant: Tensor): boolean {
  if (!isFloat(constant)) return false;
  return constant.data.every((value) => {
    const size = Math.abs(value);
    return size === 0 || size === Infinity || (size >= least && size <= largest);
  });
}
