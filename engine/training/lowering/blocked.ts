import { clone } from '@bufbuild/protobuf';

import { intOf, intsOf, setAttribute } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { NodeProtoSchema } from '../../onnx/proto/onnx_pb';
import { sizeOf } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { compositeDomain, fewestChannels } from '../emit/composites';
import type { Shape } from '../emit/batch-shapes';
import { composites } from './lower-composites';
import { Lowering } from './lowering';
import { table } from '../../table';

/** The operator domain of ONNX Runtime's blocked convolutions on CPU. */
export const blockedDomain = 'com.microsoft.nchwc';

/** ReorderInput needs channels in multiples of this. */
const reorderUnit = 4;

/** Options for the blocked layout. */
export interface BlockedOptions {
  /** Channels per block, as found by `probeBlock`. */
  readonly block: number;
  /** Values that are read from outside, in their plain layout. */
  readonly results?: readonly string[];
  /** Returns the shape of a value of the graph, if known. */
  readonly dimsOf: (value: string) => Shape | undefined;
}

/**
 * Rewrites the convolutions that a builder has emitted into ONNX Runtime's blocked layout [N, C/block, H, W, block],
 * which ONNX Runtime itself chooses only if weights are constant. Values stay blocked through the pointwise operators
 * between convolutions and are reordered only if another operator reads them. Channels are padded to whole blocks with
 * zeros, which convolutions with zero weights keep zero.
 */
export function lowerToBlocks(builder: Builder, options: BlockedOptions): void {
  const nodes = builder.nodes.splice(0);
  new BlockedLowering(builder, nodes, options).run(nodes, options.results ?? []);
}

/** Facts that decide if a pointwise node can be lowered. */
interface Pointwise {
  readonly node: Node;
  /** True if one of the inputs is a scalar. */
  readonly scalars: boolean;
  /** The constants of inputs 1 and 2; NaN if there are none. */
  readonly bounds: readonly [number, number];
  /** True if the input is a comparison's result in blocks. */
  readonly ofMask: boolean;
  /** True if the result is cast to numbers and read by nothing else. */
  readonly becomesFactor: boolean;
}

/**
 * Operators that work on each element alone, whatever the layout, and when they may be lowered: the channels that pad a
 * block must stay zero, and booleans must not have to be reordered.
 */
const pointwise = table<(of: Pointwise) => boolean>({
  Relu: () => true,
  Clip: ({ bounds: [low, high] }) => low <= 0 && high >= 0,
  Add: ({ scalars }) => !scalars,
  Sub: ({ scalars }) => !scalars,
  Sum: ({ scalars }) => !scalars,
  Mul: () => true,
  Greater: ({ becomesFactor }) => becomesFactor,
  Less: ({ becomesFactor }) => becomesFactor,
  // A comparison's results for padding channels do not matter: they multiply zeros.
  Cast: ({ node, ofMask }) => ofMask && intOf(node, 'to', 0) === 1,
});

class BlockedLowering extends Lowering {
  /** Nodes whose work a convolution does. */
  private readonly fused = new Set<Node>();
  /** Shapes of what this pass has lowered. */
  private readonly known = new Map<string, Shape>();
  /** Comparisons' results. */
  private readonly masks = new Set<string>();
  private readonly uses = new Map<string, Node[]>();
  private readonly up = (channels: number) => Math.ceil(channels / this.options.block) * this.options.block;

  constructor(
    builder: Builder,
    nodes: readonly Node[],
    private readonly options: BlockedOptions,
  ) {
    super(builder);
    for (const node of nodes) {
      for (const value of new Set(node.input)) this.uses.set(value, [...(this.uses.get(value) ?? []), node]);
    }
  }

  protected visit(node: Node): void {
    if (node.domain === compositeDomain) return this.composite(node);
    const lowered = () =>
      this.convolution(node) || this.elementwise(node) || this.maxPool(node) || this.channelsFirst(node);
    if (!node.domain && lowered()) return;
    node.input.forEach((value) => this.needPlain(value));
    this.builder.nodes.push(node);
  }

  private convolution(node: Node): boolean {
    const [x, weight, bias] = node.input;
    const dims = this.dims(weight);
    if (node.opType !== 'Conv' || dims?.length !== 4) return false;
    const [K, , R, S] = dims;
    const groups = intOf(node, 'group', 1);
    const channels = this.dims(x)?.[1];
    const depthwise = groups > 1 && groups === K && groups === channels;
    if (!channels || channels < fewestChannels || !this.dims(node.output[0])) return false;
    if (groups > 1 && !depthwise) return false;
    const blocks = depthwise ? this.depthwiseWeight(weight, dims) : this.weight(weight, dims);
    const inputs = [this.inBlocks(x), blocks];
    if (bias) inputs.push(this.builder.pad(bias, [0, this.up(K) - K]));
    const copy = this.rename(node, inputs, blockedDomain);
    setAttribute(copy, 'kernel_shape', [R, S]);
    if (depthwise) setAttribute(copy, 'group', this.up(K));
    this.define(this.fuse(node, copy), copy.output[0]);
    return true;
  }

  /**
   * Fuses a sum and a Relu that are the only readers of a convolution's result into it; returns the value that it then
   * computes.
   */
  private fuse(node: Node, copy: Node): string {
    let [value] = node.output;
    const sum = this.onlyReader(value, ['Add', 'Sum']);
    const other = sum?.input.find((input) => input !== value);
    const free = copy.input.length < 4;
    if (free && sum?.input.length === 2 && other && this.lowered.has(other) && this.sameShape(other, value)) {
      copy.input = [...copy.input, ...(copy.input.length === 2 ? [''] : []), this.lowered.get(other)!];
      this.fused.add(sum);
      this.known.set(sum.output[0], this.dims(value)!);
      [value] = sum.output;
    }
    const relu = this.onlyReader(value, ['Relu']);
    if (!relu) return value;
    setAttribute(copy, 'activation', 'Relu');
    this.fused.add(relu);
    this.known.set(relu.output[0], this.dims(value)!);
    return relu.output[0];
  }

  private onlyReader(value: string, operators: readonly string[]): Node | undefined {
    const readers = this.uses.get(value) ?? [];
    const [reader] = readers;
    const one = readers.length === 1 && !this.options.results?.includes(value) && !reader.domain;
    return one && operators.includes(reader.opType) ? reader : undefined;
  }

  private sameShape(a: string, b: string): boolean {
    const [first, second] = [this.dims(a), this.dims(b)];
    return !!first && !!second && same(first, second);
  }

  private elementwise(node: Node): boolean {
    if (this.fused.has(node)) return true;
    const inputs = node.input.filter(Boolean);
    const lead = inputs.find((value) => this.lowered.has(value));
    const keepsZero = pointwise[node.opType];
    if (!lead || !keepsZero?.(this.view(node))) return false;
    const dims = this.dims(lead)!;
    const fits = inputs.every((value) => this.dims(value)?.length === 0 || this.sameShape(value, lead));
    if (!fits) return false;
    const lowered = node.input.map((value) => (this.dims(value)?.length ? this.inBlocks(value) : value));
    const copy = this.rename(node, lowered);
    this.define(node.output[0], copy.output[0], dims);
    if (['Greater', 'Less'].includes(node.opType)) this.masks.add(node.output[0]);
    return true;
  }

  private view(node: Node): Pointwise {
    const constants = node.input.slice(1).map((value) => this.builder.initializers.get(value)?.data[0]);
    return {
      node,
      scalars: node.input.some((value) => this.dims(value)?.length === 0),
      bounds: [Number(constants[0] ?? NaN), Number(constants[1] ?? NaN)],
      ofMask: this.masks.has(node.input[0]),
      becomesFactor: !!this.onlyReader(node.output[0], ['Cast']),
    };
  }

  private composite(node: Node): void {
    const [output] = node.output;
    const dims = (value: string) => this.dims(value)!;
    const { builder, up } = this;
    const { block } = this.options;
    const inBlocks = (value: string) => this.inBlocks(value);
    const blocks = { builder, block, up, dims, inBlocks, domain: blockedDomain };
    const { value, plain, convolution } = composites[node.opType](blocks, node);
    if (plain) builder.op('Identity', [value], {}, output);
    else this.define(convolution ? this.fuse(node, convolution) : output, value, dims(output));
  }

  private maxPool(node: Node): boolean {
    const [x] = node.input;
    const [value] = node.output;
    const input = this.lowered.get(x);
    const lowerable = node.opType === 'MaxPool' && node.output.length === 1 && this.dims(value)?.length === 4;
    if (!lowerable || !input || intOf(node, 'storage_order', 0)) return false;
    const copy = this.rename(node, [input], blockedDomain);
    copy.attribute = copy.attribute.filter(({ name }) => name !== 'storage_order');
    this.define(value, copy.output[0]);
    return true;
  }

  /** [N, C, H, W] to [C, N, H, W]: one block of channels is [N · H · W, block], so that one reordering does both. */
  private channelsFirst(node: Node): boolean {
    const [x] = node.input;
    const swapped = intsOf(node, 'perm')?.join() === '1,0,2,3';
    const value = this.lowered.get(x);
    const dims = this.dims(x);
    if (node.opType !== 'Transpose' || !swapped || !value || !dims || !this.unmade.has(x)) return false;
    const [, C, H, W] = dims;
    if (C > this.options.block) return false;
    const image = this.builder.reshape(value, [1, this.options.block, -1, W]);
    const rows = this.builder.contrib(blockedDomain, 'ReorderOutput', [image], { channels: C });
    this.builder.op('Reshape', [rows, this.builder.ints([C, -1, H, W])], {}, node.output[0]);
    return true;
  }

  /** Makes the blocked weight [K/b, C/b, R, S, b of C, b of K], gathered in one go from wherever its elements come from. */
  private weight(value: string, [K, C, R, S]: Shape): string {
    const { block } = this.options;
    const [outer, inner] = [this.up(K), this.up(C)];
    const places = new Int32Array(outer * inner * R * S);
    let at = 0;
    for (let k = 0; k < outer; k += block)
      for (let c = 0; c < inner; c += block)
        for (let offset = 0; offset < R * S; offset++)
          for (let ci = c; ci < c + block; ci++)
            for (let ki = k; ki < k + block; ki++)
              places[at++] = ki < K && ci < C ? (ki * C + ci) * R * S + offset : -1;
    return this.gathered(value, sizeOf([K, C, R, S]), places, [outer, inner, R, S]);
  }

  /** Makes the blocked weight of a depthwise convolution, [K/b, 1, R, S, b of K]. */
  private depthwiseWeight(value: string, [K, , R, S]: Shape): string {
    const { block } = this.options;
    const places = Int32Array.from({ length: this.up(K) * R * S }, (_, at) => {
      const k = Math.floor(at / (R * S * block)) * block + (at % block);
      return k < K ? k * R * S + (Math.floor(at / block) % (R * S)) : -1;
    });
    return this.gathered(value, K * R * S, places, [this.up(K), 1, R, S]);
  }

  /** Gathers the elements of a weight of `size` in one go, wherever they come from; zeros for positions of -1. */
  private gathered(value: string, size: number, places: Int32Array, dims: Shape): string {
    const { source, index } = this.builder.rearranged.get(value) ?? { source: value, index: undefined };
    const found = places.map((place) => (place < 0 ? size : index ? index[place] : place));
    const flat = this.builder.reshape(source, [-1]);
    return this.builder.rearrange(
      places.length === size ? flat : this.builder.pad(flat, [0, 1]),
      found,
      dims,
    );
  }

  /** The blocked form of a value. */
  private inBlocks(value: string): string {
    const known = this.lowered.get(value);
    if (known) return known;
    const channels = this.dims(value)![1];
    const missing = (reorderUnit - (channels % reorderUnit)) % reorderUnit;
    const filled = this.builder.pad(value, [0, 0, 0, 0, 0, missing, 0, 0]);
    const blocked = this.builder.contrib(blockedDomain, 'ReorderInput', [filled]);
    this.lowered.set(value, blocked);
    return blocked;
  }

  protected raise(value: string, blocked: string): void {
    const channels = this.dims(value)![1];
    this.builder.contrib(blockedDomain, 'ReorderOutput', [blocked], { channels }, value);
  }

  private define(value: string, blocked: string, dims?: Shape): void {
    this.replaced(value, blocked);
    if (dims) this.known.set(value, dims);
  }

  private dims(value: string): Shape | undefined {
    return this.known.get(value) ?? this.options.dimsOf(value);
  }

  /** Copies a node with other inputs, with the blocked form of its own output. */
  private rename(node: Node, inputs: readonly string[], domain = node.domain): Node {
    const copy = clone(NodeProtoSchema, node);
    copy.input = [...inputs];
    copy.output = [`${node.output[0]} in blocks`];
    copy.name = copy.output[0];
    copy.domain = domain;
    this.builder.nodes.push(copy);
    return copy;
  }
}

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((dim, axis) => dim === b[axis]);
