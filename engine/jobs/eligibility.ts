import type { Graph, Node } from '../onnx/graph';
import { type Layer, nameOf } from '../onnx/layers';
import type { Method } from '../names';

/** Decides which layers a method may touch at all, whatever its technique. */
export class Eligibility {
  private readonly judged: ReadonlySet<Node>;
  private readonly ignored: ReadonlySet<string>;

  constructor(
    private readonly graph: Graph,
    private readonly method: Pick<Method, 'ignore' | 'score'>,
  ) {
    this.ignored = new Set(method.ignore);
    const judged = method.score === 'metric' ? graph.outputs.slice(0, 1) : graph.outputs;
    this.judged = upstream(
      graph,
      judged.map(({ name }) => name),
    );
  }

  /** Says why these layers, which change together, must stay as they are; undefined if they need not. */
  refusalOf(layers: readonly Pick<Layer, 'node' | 'name' | 'weight'>[]): string | undefined {
    const ignored = layers.find(({ name }) => this.ignored.has(name));
    if (ignored)
      return ignored === layers[0] ? 'it is ignored' : `it is tied to ${ignored.name}, which is ignored`;
    if (!layers.some(({ node }) => this.judged.has(node)))
      return this.method.score === 'metric'
        ? 'the first output, which the metric reads, does not depend on it; set score to fidelity'
        : 'no output depends on it';
    return this.readElsewhere(layers);
  }

  /** Says if other readers use one of these layers' weights, which would change for them too. */
  private readElsewhere(layers: readonly Pick<Layer, 'node' | 'weight'>[]): string | undefined {
    const own = new Set(layers.map(({ node }) => node));
    for (const { weight } of layers) {
      if (this.graph.isOutput(weight)) return `weight ${weight} is an output of the model`;
      const reader = this.graph.uses(weight).find((node) => !own.has(node));
      if (reader) return `weight ${weight} is also read by ${reader.opType} ${nameOf(reader)}`;
    }
    return undefined;
  }
}

/** Collects the nodes that values depend on. */
function upstream(graph: Graph, values: readonly string[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = graph.producer(value);
    if (!node || found.has(node)) continue;
    found.add(node);
    open.push(...graph.readsOf(node));
  }
  return found;
}
