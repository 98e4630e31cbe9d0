import type { NodeProto } from './proto/onnx_pb';
import { captures, reads } from './walk';

/** Smallest difference of two nodes' places: below it the index is built again, with whole numbers. */
const finest = 2 ** -30;

/**
 * The producer and the readers of each value of a graph, and the order of its nodes. It follows single changes, so that
 * many of them take no longer than one by one. Places are numbers: node `k` begins with (k - 1, k] and shares that
 * interval with what is inserted before it or takes its place.
 */
export class GraphIndex {
  private readonly producers = new Map<string, NodeProto>();
  private readonly readers = new Map<string, Set<NodeProto>>();
  /** Readers in the order of the graph, of values that were asked for since they last changed. */
  private readonly sorted = new Map<string, readonly NodeProto[]>();
  private readonly places = new Map<NodeProto, { readonly after: number; readonly at: number }>();
  private isFine = false;

  constructor(nodes: readonly NodeProto[]) {
    nodes.forEach((node, at) => this.add(node, at - 1, at));
  }

  /** True if places have become too close to insert more between them. */
  get isWorn(): boolean {
    return this.isFine;
  }

  /** Tells if a node is in the graph. */
  has(node: NodeProto): boolean {
    return this.places.has(node);
  }

  /** Tells if a node computes a value of this name, or reads one. */
  knows(value: string): boolean {
    return this.producers.has(value) || this.readers.has(value);
  }

  producer(value: string): NodeProto | undefined {
    return this.producers.get(value);
  }

  /** Lists the readers of a value in the order of the graph. */
  uses(value: string): readonly NodeProto[] {
    const known = this.sorted.get(value);
    if (known) return known;
    const readers = this.readers.get(value);
    if (!readers) return [];
    const place = (node: NodeProto) => this.places.get(node)!.at;
    const list = [...readers].sort((a, b) => place(a) - place(b));
    this.sorted.set(value, list);
    return list;
  }

  /** Yields each value that is read, with the number of its readers. */
  *counts(): Generator<[string, number]> {
    for (const [value, { size }] of this.readers) yield [value, size];
  }

  /** Takes a node out, and puts others in its place. */
  replace(node: NodeProto, nodes: readonly NodeProto[]): void {
    const { after, at } = this.places.get(node)!;
    for (const value of node.output) if (this.producers.get(value) === node) this.producers.delete(value);
    for (const value of reads(node)) this.drop(value, node);
    this.places.delete(node);
    this.share(nodes, after, at);
  }

  /** Puts nodes before another. */
  insert(nodes: readonly NodeProto[], before: NodeProto): void {
    const { after, at } = this.places.get(before)!;
    const middle = after + ((at - after) * nodes.length) / (nodes.length + 1);
    this.places.set(before, { after: middle, at });
    this.share(nodes, after, middle);
  }

  /** Changes what a node reads, by `change`. */
  rewire(node: NodeProto, change: () => void): void {
    const before = reads(node);
    change();
    const after = reads(node);
    for (const value of before) if (!after.has(value)) this.drop(value, node);
    for (const value of after) if (!before.has(value)) this.put(value, node);
  }

  /** Makes all readers of a value read another, but for what their subgraphs capture. */
  redirect(value: string, other: string): void {
    const kept = new Set<NodeProto>();
    for (const use of this.readers.get(value) ?? []) {
      use.input.forEach((read, at) => read === value && (use.input[at] = other));
      if (use.input.includes(other)) this.put(other, use);
      if (captures(use).has(value)) kept.add(use);
    }
    this.sorted.delete(value);
    if (kept.size) this.readers.set(value, kept);
    else this.readers.delete(value);
  }

  /** Divides the places in (after, at] among nodes that are new. */
  private share(nodes: readonly NodeProto[], after: number, at: number): void {
    const step = (at - after) / nodes.length;
    if (step < finest) this.isFine = true;
    nodes.forEach((node, index) => this.add(node, after + index * step, after + (index + 1) * step));
  }

  private add(node: NodeProto, after: number, at: number): void {
    this.places.set(node, { after, at });
    for (const value of node.output) if (value) this.producers.set(value, node);
    for (const value of reads(node)) this.put(value, node);
  }

  private put(value: string, node: NodeProto): void {
    this.sorted.delete(value);
    const readers = this.readers.get(value);
    if (readers) readers.add(node);
    else this.readers.set(value, new Set([node]));
  }

  private drop(value: string, node: NodeProto): void {
    this.sorted.delete(value);
    const readers = this.readers.get(value);
    readers?.delete(node);
    if (readers?.size === 0) this.readers.delete(value);
  }
}
