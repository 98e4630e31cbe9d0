import { clone, create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import type { ElementType, Tensor } from '../tensor/tensor';
import { attribute, type AttributeValue } from './node-attributes';
import type { GraphContext } from './context';
import { isReread } from './external-data';
import { GraphIndex } from './graph-index';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  type TensorShapeProto_Dimension,
  type ValueInfoProto,
} from './proto/onnx_pb';
import { decodeTensor, dimsOf, encodeTensor, typeOf } from './tensor-proto';
import { captures, reads } from './walk';
import type { Dim } from './dims';

export type { GraphContext, Halves } from './context';

/** A node of an ONNX graph: the protobuf message itself, so that what Slimflow does not know is preserved. */
export type Node = NodeProto;

/** A typed input or output of a graph; `dims` is undefined if the model does not declare a shape. */
export interface ValueInfo {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly Dim[] | undefined;
}

/** Fields of a new node. */
export interface NodeFields {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>;
}

/** Makes a node; attributes that are undefined are left out. */
export function makeNode({ op, inputs, outputs, name, domain, attributes = {} }: NodeFields): Node {
  return create(NodeProtoSchema, {
    opType: op,
    domain: domain ?? '',
    name: name ?? outputs[0],
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [attribute(key, value)],
    ),
  });
}

/**
 * A view of a ModelProto's main graph in which every value knows its producer and its uses (the idea of onnx/ir-py),
 * over the protobuf message itself: nothing is lost between load and save.
 */
export class Graph {
  private index: GraphIndex | undefined;
  /**
   * Nodes of the message, and what takes their places: nothing, others, or themselves behind others. All change at once,
   * when somebody looks at the message.
   */
  private readonly instead = new Map<Node, readonly Node[]>();
  private readonly constants = new Map<string, Tensor | undefined>();
  private readonly tensors: Map<string, TensorProto>;
  /** Positions of initializers in the message; one that is not right any more is looked up again. */
  private places = new Map<string, number>();

  constructor(
    private readonly message: ModelProto,
    public context: GraphContext = { notes: [] },
  ) {
    if (!message.graph) throw new EngineError('InvalidModel', 'the model has no graph');
    this.tensors = new Map(message.graph.initializer.map((tensor) => [tensor.name, tensor]));
  }

  /** Adds a sentence about something that was left unchanged. */
  note(sentence: string): void {
    if (!this.context.notes.includes(sentence))
      this.context = { ...this.context, notes: [...this.context.notes, sentence] };
  }

  /** The protobuf message. */
  get model(): ModelProto {
    this.sweep();
    return this.message;
  }

  /** The graph's message, which may be behind the changes in `instead`. */
  private get proto(): GraphProto {
    return this.message.graph!;
  }

  private sweep(): void {
    if (!this.instead.size) return;
    this.proto.node = this.proto.node.flatMap((node) => this.insteadOf(node));
    this.instead.clear();
  }

  private insteadOf(node: Node): readonly Node[] {
    const nodes = this.instead.get(node);
    return nodes ? nodes.flatMap((one) => (one === node ? [one] : this.insteadOf(one))) : [node];
  }

  /** The nodes in execution order; change them only through the methods below. */
  get nodes(): readonly Node[] {
    this.sweep();
    return this.proto.node;
  }

  /** Version of ONNX's own opset. */
  get opset(): number {
    return Number(this.model.opsetImport.find(({ domain }) => !domain)?.version ?? 1n);
  }

  /** The graph's inputs that are not initializers: what a caller feeds. */
  get inputs(): ValueInfo[] {
    return this.proto.input.filter(({ name }) => !this.tensors.has(name)).map(valueInfo);
  }

  /** Outputs as the model declares them. */
  get outputs(): ValueInfo[] {
    return this.proto.output.map(valueInfo);
  }

  /** Tells if a value is an output of the model. */
  isOutput(value: string): boolean {
    return this.proto.output.some(({ name }) => name === value);
  }

  /** Names of all initializers. */
  get initializers(): readonly string[] {
    return this.proto.initializer.map(({ name }) => name);
  }

  /** Tells if a value is an initializer. */
  isConstant(value: string): boolean {
    return this.tensors.has(value);
  }

  /**
   * Returns an initializer's value; undefined if there is none of that name, or its type is not one that Slimflow
   * reads.
   */
  constant(value: string | undefined): Tensor | undefined {
    const proto = value && this.tensors.get(value);
    if (!proto) return undefined;
    if (isReread(proto) && !this.constants.has(value)) return decodeTensor(proto);
    if (!this.constants.has(value)) this.constants.set(value, decodeTensor(proto));
    return this.constants.get(value);
  }

  /** Returns the shape of an initializer, without reading its values. */
  constantDims(value: string | undefined): number[] | undefined {
    const proto = value && this.tensors.get(value);
    return proto ? dimsOf(proto) : undefined;
  }

  /** Returns the element type of an initializer; undefined if there is none, or its type is not one that Slimflow reads. */
  constantType(value: string | undefined): ElementType | undefined {
    return value ? typeOf(this.tensors.get(value)?.dataType ?? 0) : undefined;
  }

  /** Adds an initializer, or changes the value of the one of that name. */
  setConstant(value: string, tensor: Tensor): void {
    const encoded = encodeTensor(value, tensor);
    if (this.tensors.has(value)) this.proto.initializer[this.placeOf(value)] = encoded;
    else this.proto.initializer.push(encoded);
    this.tensors.set(value, encoded);
    this.constants.set(value, tensor);
    const asInput = this.proto.input.findIndex(({ name }) => name === value);
    if (asInput >= 0) this.proto.input.splice(asInput, 1);
  }

  /** Returns the position of an initializer in the message. */
  private placeOf(value: string): number {
    const { initializer } = this.proto;
    if (initializer[this.places.get(value) ?? -1]?.name !== value)
      this.places = new Map(initializer.map(({ name }, at) => [name, at]));
    return this.places.get(value)!;
  }

  /** Returns the node that computes `value`; undefined for inputs and initializers. */
  producer(value: string): Node | undefined {
    return this.indexed().producer(value);
  }

  /** Lists the nodes that read `value`, including those whose subgraphs (If, Loop, Scan) do. */
  uses(value: string): readonly Node[] {
    return this.indexed().uses(value);
  }

  /** Returns the values that `node` reads, each once, including those that its subgraphs capture. */
  readsOf(node: Node): ReadonlySet<string> {
    return reads(node);
  }

  /** Returns the values that subgraphs of `node` capture, each once. */
  capturesOf(node: Node): ReadonlySet<string> {
    return captures(node);
  }

  /** Replaces `node` by `nodes`. */
  replace(node: Node, nodes: readonly Node[]): void {
    const index = this.indexAround(node, nodes);
    const around = this.instead.get(node) ?? [node];
    this.instead.set(
      node,
      around.flatMap((one) => (one === node ? nodes : [one])),
    );
    index.replace(node, nodes);
  }

  /** Inserts `nodes` before `node`, or at the end. */
  insert(nodes: readonly Node[], before?: Node): void {
    if (!before) {
      this.sweep();
      this.proto.node.push(...nodes);
      this.index = undefined;
      return;
    }
    const index = this.indexAround(before, nodes);
    const around = this.instead.get(before) ?? [before];
    this.instead.set(
      before,
      around.flatMap((one) => (one === before ? [...nodes, one] : [one])),
    );
    index.insert(nodes, before);
  }

  /** Returns the index, to be changed at `node`. @throws Error if the node is not in the graph */
  private indexAround(node: Node, nodes: readonly Node[]): GraphIndex {
    // A node that was taken out and comes back must not be in `instead` any longer.
    if (nodes.some((one) => this.instead.has(one))) this.sweep();
    const index = this.indexed();
    if (!index.has(node)) throw new Error(`node ${node.name} is not in the graph`);
    return index;
  }

  /** Replaces input `at` of `node` by another value. */
  setInput(node: Node, at: number, value: string): void {
    const change = () => {
      while (node.input.length < at) node.input.push('');
      node.input[at] = value;
    };
    if (this.index?.has(node)) this.index.rewire(node, change);
    else change();
  }

  /** Makes every node that reads `value` read `other` instead; what subgraphs capture stays as it is. */
  redirect(value: string, other: string): void {
    this.indexed().redirect(value, other);
  }

  /** Tells if every reader of a value can be given another: it is not an output, and no subgraph captures it. */
  isReplaceable(value: string): boolean {
    return !this.isOutput(value) && !this.uses(value).some((use) => this.capturesOf(use).has(value));
  }

  /**
   * Removes a node with one output, whose readers then read `value`. A node whose output is not replaceable stays.
   * @param value by default the node's first input
   * @returns true if the node was removed
   */
  bypass(node: Node, value = node.input[0]): boolean {
    const [output] = node.output;
    if (!value || !output || !this.isReplaceable(output)) return false;
    this.redirect(output, value);
    this.replace(node, []);
    return true;
  }

  /** Returns a name that no value or node has yet. */
  uniqueName(base: string): string {
    const index = this.indexed();
    const taken = (name: string) =>
      index.knows(name) || this.tensors.has(name) || this.proto.input.some((i) => i.name === name);
    let name = base;
    for (let n = 1; taken(name); n++) name = `${base}_${n}`;
    return name;
  }

  /** Removes nodes whose results nobody reads, initializers left unused, and declared shapes that may be stale. */
  removeDead(): void {
    const outputs = new Set(this.proto.output.map(({ name }) => name));
    const readers = new Map(this.indexed().counts());
    const alive = this.nodes.reduceRight<Node[]>((nodes, node) => {
      if (node.output.some((value) => value && (outputs.has(value) || readers.get(value)))) nodes.push(node);
      else for (const value of reads(node)) readers.set(value, readers.get(value)! - 1);
      return nodes;
    }, []);
    this.proto.node = alive.reverse();
    this.index = undefined;
    const kept = this.proto.initializer.filter(({ name }) => this.uses(name).length || outputs.has(name));
    this.proto.initializer = kept;
    this.proto.valueInfo = [];
    const names = new Set(kept.map(({ name }) => name));
    const gone = new Set([...this.tensors.keys()].filter((name) => !names.has(name)));
    this.proto.input = this.proto.input.filter(({ name }) => !gone.has(name));
    for (const name of gone) {
      this.tensors.delete(name);
      this.constants.delete(name);
    }
  }

  /** Replaces the graph's declared inputs and outputs; initializers among old inputs are dropped from the list. */
  setInterface(inputs: ValueInfoProto[], outputs: ValueInfoProto[]): void {
    this.proto.input = inputs;
    this.proto.output = outputs;
  }

  /** Returns the declaration of an input or output, for use in another graph's interface. */
  declaration(value: string): ValueInfoProto | undefined {
    return [...this.proto.input, ...this.proto.output].find(({ name }) => name === value);
  }

  /** Copies the graph without sharing mutable state; weights, which are replaced but never changed, share memory. */
  clone(): Graph {
    const { initializer } = this.proto;
    this.proto.initializer = [];
    try {
      const copy = clone(ModelProtoSchema, this.model);
      copy.graph!.initializer = [...initializer];
      return new Graph(copy, this.context);
    } finally {
      this.proto.initializer = initializer;
    }
  }

  /** Has producers and uses found again, after the protobuf message's nodes were changed themselves. */
  reindex(): void {
    this.index = undefined;
  }

  private indexed(): GraphIndex {
    if (this.index?.isWorn) this.index = undefined;
    return (this.index ??= new GraphIndex(this.nodes));
  }
}

function valueInfo({ name, type }: ValueInfoProto): ValueInfo {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  return {
    name: name,
    elementType: tensor?.elemType ?? 0,
    dims: tensor?.shape?.dim.map(dimOf),
  };
}

/** Names that converters give to every dimension they know nothing of: two such dimensions need not be equal. */
const anonymous = /^(\W*|-\d+|none|null|unknown|dynamic)$/i;

/** A declared dimension; a negative one is open, as ONNX Runtime reads it. */
function dimOf({ value }: TensorShapeProto_Dimension): Dim {
  if (value.case === 'dimValue') return value.value < 0n ? undefined : Number(value.value);
  return value.value === undefined || anonymous.test(value.value) ? undefined : value.value;
}
