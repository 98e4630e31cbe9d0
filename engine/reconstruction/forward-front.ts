import type { Graph, Node } from '../onnx/graph';
import { nodesFor } from '../onnx/extract';
import type { Tensor } from '../tensor/tensor';
import { keyOf } from '../onnx/layers';
import type { Known, ReconstructionSamples } from './samples';

/** Most bytes of activations kept: 500 images of 2 MiB, as between the stages of a ResNet-50 after its second. */
const defaultBudget = 2 ** 30;

/**
 * Samples on their way through a graph whose weights change in forward order. The part before the next change is run
 * once: its values are kept, and what follows starts from them, so that the front of an L-layer network runs once
 * rather than L times. Values beyond a memory budget are not kept; smaller ones further on may be.
 */
export class ForwardFront {
  private at: Known | undefined;

  constructor(
    private readonly graph: Graph,
    private readonly samples: ReconstructionSamples,
    private readonly budget = defaultBudget,
  ) {}

  /** The kept values; undefined while they are only the model's inputs. */
  get known(): Known | undefined {
    return this.at;
  }

  /**
   * Moves to just before `node`, if what must be kept there fits the budget. Constants of the nodes before it must not
   * change any more.
   * @param node a node of the graph, or of a graph that it is a copy of
   * @param wanted the values that will be requested from now on
   */
  async advance(node: Node, wanted: readonly string[]): Promise<void> {
    const names = crossing(this.graph, node, wanted);
    const types = new Map(this.at?.types);
    const batches: Known['batches'][number][] = [];
    for await (const batch of this.samples.run(this.graph, names, this.at)) {
      const feeds = Object.fromEntries(names.map((name) => [name, batch.values[name]]));
      batches.push({ feeds, first: batch.first, images: batch.images });
      batch.types?.forEach((type, name) => types.set(name, type));
      if (this.bytes(batches[0].feeds) > this.budget) return;
    }
    this.at = { names, types, batches };
  }

  /** Estimates the bytes for all images from the first batch. */
  private bytes(feeds: Readonly<Record<string, Tensor>>): number {
    const tensors = Object.values(feeds);
    const size = Math.max(1, ...tensors.map(({ dims }) => dims[0] ?? 1));
    const held = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    return (held / size) * this.samples.images;
  }
}

/** Lists the values computed before a node that are `wanted`, or read on the way to one that is. */
function crossing(graph: Graph, node: Node, wanted: readonly string[]): string[] {
  const at = graph.nodes.findIndex((other) => keyOf(other) === keyOf(node));
  const before = new Set(graph.nodes.slice(0, at));
  const read = nodesFor(graph, wanted).nodes.filter((node) => !before.has(node));
  const made = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...[...before].flatMap(({ output }) => output),
  ]);
  const values = new Set([...wanted, ...read.flatMap((node) => [...graph.readsOf(node)])]);
  return [...values].filter((value) => made.has(value) && !graph.isConstant(value));
}
