import { create } from '@bufbuild/protobuf';

import type { AttributeValue } from '../../onnx/node-attributes';
import { Graph, makeNode, type Node } from '../../onnx/graph';
import {
  ModelProtoSchema,
  type OperatorSetIdProto,
  OperatorSetIdProtoSchema,
  type ValueInfoProto,
} from '../../onnx/proto/onnx_pb';
import { encodeTensor } from '../../onnx/tensor-proto';
import { reads } from '../../onnx/walk';
import { floats, int64s, type Tensor } from '../../tensor/tensor';

/** Attributes of a node to emit; undefined ones are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/**
 * Collects the nodes and constants of a graph being written. Values are names; each method emits one node, or none if
 * it would change nothing. Operators whose axes moved from an attribute to an input between opsets are written in the
 * form of `opset`, so that a model's own nodes keep their meaning next to the emitted ones.
 */
export class Builder {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  /** Shapes of emitted values, if known; -1 stands for the batch. */
  readonly shapes = new Map<string, readonly number[]>();
  /** Values that `rearrange` made from others. */
  readonly rearranged = new Map<string, { source: string; index: Int32Array; dims: readonly number[] }>();
  private readonly cached = new Map<string, string>();
  private count = 0;

  /**
   * @param prefix keeps emitted names distinct from the model's
   * @param blocked true if `lowerToBlocks` follows, so that composites may be emitted (composites.ts)
   */
  constructor(
    readonly opset: number,
    private readonly prefix = 'training',
    readonly blocked = false,
  ) {}

  /** Emits a node and returns its first output. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string {
    return this.emit(op, inputs, attributes, [output ?? this.fresh(op)]);
  }

  /** Emits a node of another operator domain than ONNX's, such as `com.microsoft`. */
  contrib(
    domain: string,
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output?: string,
  ): string {
    return this.emit(op, inputs, attributes, [output ?? this.fresh(op)], domain);
  }

  /** Splits `x` along `axis` into parts of the given sizes. */
  split(x: string, sizes: readonly number[], axis: number): string[] {
    const outputs = sizes.map(() => this.fresh('Split'));
    const asInput = this.opset >= 13;
    this.emit(
      'Split',
      asInput ? [x, this.ints(sizes)] : [x],
      { axis, split: asInput ? undefined : sizes },
      outputs,
    );
    return outputs;
  }

  /** Adds a constant tensor. */
  constant(tensor: Tensor, name = this.fresh('constant')): string {
    this.initializers.set(name, tensor);
    return name;
  }

  /** Adds a float32 scalar of shape []. */
  scalar(value: number): string {
    return this.cache(`scalar ${value}`, () => floats([], [value]));
  }

  /** Adds a 1-D int64 constant. */
  ints(values: readonly number[]): string {
    return this.cache(`ints ${values.join()}`, () => int64s(values));
  }

  reduceSum(x: string, axes: readonly number[], keep: boolean): string {
    return axes.length ? this.reduce('ReduceSum', x, axes, keep, 13) : x;
  }

  reduceMean(x: string, axes: readonly number[], keep: boolean): string {
    return this.reduce('ReduceMean', x, axes, keep, 18);
  }

  /** Adds a float32 constant of zeros. */
  zeros(dims: readonly number[]): string {
    return this.cache(`zeros ${dims.join()}`, () => floats(dims));
  }

  /** Picks the elements of `x` at `index`, counted through the flattened tensor, into the shape `dims`. */
  rearrange(x: string, index: Int32Array, dims: readonly number[]): string {
    const constant = this.constant({ type: 'int32', dims, data: index });
    const value = this.op('Gather', [this.reshape(x, [-1]), constant], { axis: 0 });
    this.rearranged.set(value, { source: x, index, dims });
    return value;
  }

  /** Reshapes to `dims`, with at most one -1, as in ONNX's Reshape. */
  reshape(x: string, dims: readonly number[]): string {
    return this.op('Reshape', [x, this.ints(dims)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return perm.every((axis, at) => axis === at) ? x : this.op('Transpose', [x], { perm });
  }

  /** Takes the elements from `start` to `end` (exclusive) of each named axis, every `step`-th. */
  slice(x: string, ranges: readonly { axis: number; start: number; end: number; step?: number }[]): string {
    const part = (pick: (range: (typeof ranges)[number]) => number) => this.ints(ranges.map(pick));
    return this.op('Slice', [
      x,
      part(({ start }) => start),
      part(({ end }) => end),
      part(({ axis }) => axis),
      part(({ step = 1 }) => step),
    ]);
  }

  /** Pads each axis with zeros before and after, as ONNX's Pad does; negative numbers crop. */
  pad(x: string, pads: readonly number[]): string {
    return pads.some(Boolean) ? this.op('Pad', [x, this.ints(pads)]) : x;
  }

  /** Joins values along `axis`; returns a single value itself. */
  concat(values: readonly string[], axis: number): string {
    return values.length === 1 ? values[0] : this.op('Concat', values, { axis });
  }

  /** Broadcasts `x` to the shape that `like` has at run time. */
  expandLike(x: string, like: string): string {
    return this.op('Expand', [x, this.op('Shape', [like])]);
  }

  /** Builds the graph of everything emitted. */
  build(signature: {
    irVersion: bigint;
    opsets: readonly OperatorSetIdProto[];
    inputs: readonly ValueInfoProto[];
    outputs: readonly ValueInfoProto[];
  }): Graph {
    const { irVersion, opsets, inputs, outputs } = signature;
    const nodes = this.live(outputs.map(({ name }) => name));
    const read = new Set(nodes.flatMap((node) => [...reads(node)]));
    const imported = new Set(opsets.map(({ domain }) => domain ?? ''));
    const domains = new Set(
      nodes.map(({ domain }) => domain ?? '').filter((domain) => !imported.has(domain)),
    );
    return new Graph(
      create(ModelProtoSchema, {
        irVersion,
        producerName: 'slimflow',
        opsetImport: [
          ...opsets,
          ...[...domains].map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
        ],
        graph: {
          name: this.prefix,
          node: nodes,
          initializer: [...this.initializers]
            .filter(([name]) => read.has(name))
            .map(([name, tensor]) => encodeTensor(name, tensor)),
          input: [...inputs],
          output: [...outputs],
        },
      }),
    );
  }

  /** Lists the nodes that the outputs depend on. */
  private live(outputs: readonly string[]): Node[] {
    const needed = new Set(outputs);
    return this.nodes
      .slice()
      .reverse()
      .filter((node) => {
        if (!node.output.some((value) => needed.has(value))) return false;
        reads(node).forEach((value) => needed.add(value));
        return true;
      })
      .reverse();
  }

  private emit(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly string[],
    domain?: string,
  ): string {
    this.nodes.push(makeNode({ op, inputs, outputs, attributes, domain }));
    return outputs[0];
  }

  private reduce(op: string, x: string, axes: readonly number[], keep: boolean, axesAreInputSince: number) {
    const asInput = this.opset >= axesAreInputSince;
    return this.op(op, asInput ? [x, this.ints(axes)] : [x], {
      axes: asInput ? undefined : axes,
      keepdims: keep ? 1 : 0,
    });
  }

  private cache(key: string, make: () => Tensor): string {
    const known = this.cached.get(key);
    if (known) return known;
    const name = this.constant(make());
    this.cached.set(key, name);
    return name;
  }

  private fresh(kind: string): string {
    return `${this.prefix}/${kind}_${this.count++}`;
  }
}
