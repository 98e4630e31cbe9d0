import { Random } from '../../../engine/data/random';
import { Graph, makeNode } from '../../../engine/onnx/graph';
import { modelOf } from '../../support/graphs';

/** A graph of `n` nodes, each of which reads one or two values that come before it. */
function drawnGraph(random: Random, n: number): Graph {
  const nodes = Array.from({ length: n }, (_, at) => {
    const inputs = [0, 1].slice(random.below(2)).map(() => (at ? `v${random.below(at)}` : 'x'));
    return { op: inputs.length > 1 ? 'Add' : 'Relu', inputs, outputs: [`v${at}`] };
  });
  return modelOf(['x', [1, 2]], nodes, [`v${n - 1}`], {});
}

const described = (graph: Graph): string => {
  const values = ['x', ...graph.nodes.flatMap(({ output }) => output)];
  return values
    .map(
      (value) =>
        `${value} by ${graph.producer(value)?.name}: ${graph
          .uses(value)
          .map(({ name }) => name)
          .join()}`,
    )
    .join('\n');
};

describe('a graph that changes node by node', () => {
  it.each([1, 2, 3, 4, 5, 6])('knows what a graph that is read again knows, seed %i', (seed) => {
    const random = new Random(seed);
    const graph = drawnGraph(random, 40);
    const one = () => graph.nodes[random.below(graph.nodes.length)];
    const relu = (from: string, to: string, name: string) =>
      makeNode({ op: 'Relu', inputs: [from], outputs: [to], name });
    const changes = [
      (at: number) => {
        const node = one();
        graph.replace(node, [
          relu(node.input[0], `m${at}`, `a${at}`),
          relu(`m${at}`, node.output[0], `b${at}`),
        ]);
      },
      (at: number) => {
        const node = one();
        graph.insert([relu(node.input[0], `i${at}`, `n${at}`)], node);
        graph.setInput(node, 0, `i${at}`);
      },
      () => void graph.bypass(one()),
      () => graph.insert([relu('x', graph.uniqueName('end'), graph.uniqueName('last'))]),
    ];
    graph.uses('x');
    for (let at = 0; at < 120; at++) {
      changes[random.below(changes.length)](at);
      if (random.below(4)) continue;
      expect(described(graph)).toBe(described(new Graph(graph.model)));
    }
    const order = new Map(graph.nodes.map((node, at) => [node, at]));
    for (const node of graph.nodes)
      for (const value of node.input) {
        const producer = graph.producer(value);
        if (producer) expect(order.get(producer)!).toBeLessThan(order.get(node)!);
      }
  });

  it('takes any number of nodes at one place', () => {
    const graph = drawnGraph(new Random(1), 3);
    const [, middle] = graph.nodes;
    for (let at = 0; at < 200; at++)
      graph.insert([makeNode({ op: 'Relu', inputs: ['x'], outputs: [`r${at}`] })], middle);
    expect(
      graph
        .uses('x')
        .slice(-200)
        .map(({ name }) => name)
        .join(),
    ).toContain('r0,r1,r2');
    expect(graph.nodes.indexOf(middle)).toBe(201);
    expect(described(graph)).toBe(described(new Graph(graph.model)));
  });

  it('can put a node back that it took out, and refuses one that it does not have', () => {
    const graph = drawnGraph(new Random(2), 3);
    const [first, second] = graph.nodes;
    graph.replace(first, []);
    expect(() => graph.replace(first, [])).toThrow(/is not in the graph/);
    graph.insert([first], second);
    expect(graph.nodes[0]).toBe(first);
    expect(described(graph)).toBe(described(new Graph(graph.model)));
  });
});
