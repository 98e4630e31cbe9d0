import { clone, create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import type { Tensor } from '../tensor/tensor';
import { attribute, type AttributeValue } from './attributes';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
} from './proto/onnx_pb';
import { decodeTensor, encodeTensor } from './tensor-proto';

/** A node of an ONNX graph, as the protobuf library gives it, so that what Slimflow does not know is kept as it was. */
export type Node = NodeProto;

/** A dimension: a number, a symbol such as `batch`, or undefined where nothing is known. */
export type Dim = number | string | undefined;

/** A typed input or output of a graph; `dims` is undefined where the model does not say. */
export interface ValueInfo {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly Dim[] | undefined;
}

/** The fields of a node to make. */
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
 * A view of a ModelProto's main graph in which every value knows its producer and its uses
 * (the idea of onnx/ir-py), over the protobuf message itself: nothing is lost between load and save.
 */
export class Graph {
  private index: { producers: Map<string, Node>; uses: Map<string, Node[]> } | undefined;
  private readonly constants = new Map<string, Tensor | undefined>();
  private readonly initializerNames: Set<string>;

  constructor(readonly model: ModelProto) {
    if (!model.graph) throw new EngineError('InvalidModel', 'the model has no graph');
    this.initializerNames = new Set(model.graph.initializer.map((tensor) => tensor.name));
  }

  private get proto(): GraphProto {
    return this.model.graph!;
  }

  /** The nodes in execution order; change them through the methods below. */
  get nodes(): readonly Node[] {
    return this.proto.node;
  }

  /** The version of ONNX's own operator set. */
  get opset(): number {
    return Number(this.model.opsetImport.find(({ domain }) => !domain)?.version ?? 1n);
  }

  /** What a caller feeds: the graph's inputs that are no initializers. */
  get inputs(): ValueInfo[] {
    return this.proto.input.filter(({ name }) => !this.initializerNames.has(name)).map(valueInfo);
  }

  get outputs(): ValueInfo[] {
    return this.proto.output.map(valueInfo);
  }

  isOutput(value: string): boolean {
    return this.proto.output.some(({ name }) => name === value);
  }

  /** The names of all initializers. */
  get initializers(): readonly string[] {
    return this.proto.initializer.map(({ name }) => name);
  }

  isConstant(value: string): boolean {
    return this.initializerNames.has(value);
  }

  /** The value of an initializer; undefined where there is none of that name, or its type is not one we read. */
  constant(value: string | undefined): Tensor | undefined {
    if (!value || !this.initializerNames.has(value)) return undefined;
    if (!this.constants.has(value)) {
      this.constants.set(value, decodeTensor(this.proto.initializer.find(({ name }) => name === value)!));
    }
    return this.constants.get(value);
  }

  /** Adds an initializer, or gives the one of that name a new value. */
  setConstant(value: string, tensor: Tensor): void {
    const encoded = encodeTensor(value, tensor);
    const at = this.initializerNames.has(value)
      ? this.proto.initializer.findIndex(({ name }) => name === value)
      : -1;
    if (at >= 0) this.proto.initializer[at] = encoded;
    else this.proto.initializer.push(encoded);
    this.initializerNames.add(value);
    this.constants.set(value, tensor);
    const asInput = this.proto.input.findIndex(({ name }) => name === value);
    if (asInput >= 0) this.proto.input.splice(asInput, 1);
  }

  /** The node that computes `value`; undefined for inputs and initializers. */
  producer(value: string): Node | undefined {
    return this.indexed().producers.get(value);
  }

  /** The nodes that read `value`, those whose subgraphs (If, Loop, Scan) do included. */
  uses(value: string): readonly Node[] {
    return this.indexed().uses.get(value) ?? [];
  }

  /** The values that `node` reads, each once, with those that its subgraphs take from outside. */
  readsOf(node: Node): ReadonlySet<string> {
    return reads(node);
  }

  /** The values that subgraphs of `node` take from outside, each once. */
  capturesOf(node: Node): ReadonlySet<string> {
    return captures(node);
  }

  /** Puts `nodes` where `node` was. */
  replace(node: Node, nodes: readonly Node[]): void {
    this.proto.node.splice(this.position(node), 1, ...nodes);
    this.index = undefined;
  }

  /** Puts `nodes` before `node`, or at the end. */
  insert(nodes: readonly Node[], before?: Node): void {
    this.proto.node.splice(before ? this.position(before) : this.proto.node.length, 0, ...nodes);
    this.index = undefined;
  }

  /** Gives input `at` of `node` another value. */
  setInput(node: Node, at: number, value: string): void {
    while (node.input.length < at) node.input.push('');
    node.input[at] = value;
    this.index = undefined;
  }

  /** A name that no value or node has yet. */
  uniqueName(base: string): string {
    const { producers, uses } = this.indexed();
    const taken = (name: string) =>
      producers.has(name) ||
      uses.has(name) ||
      this.initializerNames.has(name) ||
      this.proto.input.some((i) => i.name === name);
    let name = base;
    for (let n = 1; taken(name); n++) name = `${base}_${n}`;
    return name;
  }

  /** Removes the nodes whose results nobody reads, the initializers left unused, and shape notes that may be stale. */
  removeDead(): void {
    for (let at = this.proto.node.length - 1; at >= 0; at--) {
      const { output } = this.proto.node[at];
      if (output.some((value) => value && (this.isOutput(value) || this.uses(value).length))) continue;
      this.proto.node.splice(at, 1);
      this.index = undefined;
    }
    const kept = this.proto.initializer.filter(({ name }) => this.uses(name).length || this.isOutput(name));
    this.proto.initializer = kept;
    this.proto.valueInfo = [];
    const before = [...this.initializerNames];
    this.initializerNames.clear();
    kept.forEach(({ name }) => this.initializerNames.add(name));
    const gone = new Set(before.filter((name) => !this.initializerNames.has(name)));
    this.proto.input = this.proto.input.filter(({ name }) => !gone.has(name));
    gone.forEach((name) => this.constants.delete(name));
  }

  /** Replaces the graph's declared inputs and outputs; initializers among old inputs are dropped from the list. */
  setInterface(inputs: ValueInfoProto[], outputs: ValueInfoProto[]): void {
    this.proto.input = inputs;
    this.proto.output = outputs;
  }

  /** The declaration of an input or output, to be used in another graph's interface. */
  declaration(value: string): ValueInfoProto | undefined {
    return [...this.proto.input, ...this.proto.output].find(({ name }) => name === value);
  }

  /** A copy that shares no mutable state with this graph. */
  clone(): Graph {
    return new Graph(clone(ModelProtoSchema, this.model));
  }

  private position(node: Node): number {
    const at = this.proto.node.indexOf(node);
    if (at < 0) throw new Error(`node ${node.name} is not in the graph`);
    return at;
  }

  private indexed() {
    if (!this.index) {
      const producers = new Map<string, Node>();
      const uses = new Map<string, Node[]>();
      for (const node of this.proto.node) {
        for (const value of node.output) if (value) producers.set(value, node);
        for (const value of reads(node)) {
          const list = uses.get(value);
          if (list) list.push(node);
          else uses.set(value, [node]);
        }
      }
      this.index = { producers, uses };
    }
    return this.index;
  }
}

const reads = (node: Node): Set<string> => new Set([...node.input.filter(Boolean), ...captures(node)]);

/** The values that the subgraphs of a node take from outside: what they read and do not define themselves. */
function captures(node: Node): Set<string> {
  const values = new Set<string>();
  for (const { g, graphs } of node.attribute) {
    for (const graph of g ? [g, ...graphs] : graphs) {
      const own = new Set(
        [...graph.input, ...graph.initializer, ...graph.node.flatMap(({ output }) => output)].map((value) =>
          typeof value === 'string' ? value : value.name,
        ),
      );
      for (const inner of graph.node)
        for (const value of reads(inner)) if (!own.has(value)) values.add(value);
    }
  }
  return values;
}

function valueInfo({ name, type }: ValueInfoProto): ValueInfo {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  return {
    name: name,
    elementType: tensor?.elemType ?? 0,
    dims: tensor?.shape?.dim.map(({ value }) =>
      value.case === 'dimValue' ? Number(value.value) : value.value || undefined,
    ),
  };
}
