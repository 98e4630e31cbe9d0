import { numbersOf } from '../tensor/tensor';
import { intOf, intsOf } from './attributes';
import type { Dim, Graph, Node } from './graph';

/** Small integer vectors that are known while shapes are inferred, symbols among them. */
export interface Values {
  get(value: string | undefined): Dim[] | undefined;
}

/**
 * Follows the arithmetic by which exporters compute shapes (Shape → Gather → Unsqueeze → Concat → Reshape), so that
 * `x.view(x.size(0), -1)` keeps its batch. Anything else is unknown.
 */
export function knownValues(graph: Graph, shape: (value: string) => readonly Dim[] | undefined): Values {
  const known = new Map<string, Dim[] | undefined>();
  const get = (value: string | undefined): Dim[] | undefined => {
    if (!value) return undefined;
    if (!known.has(value)) known.set(value, compute(value));
    return known.get(value);
  };
  const compute = (value: string): Dim[] | undefined => {
    const constant = graph.constant(value);
    if (constant) return constant.data.length <= 64 ? numbersOf(constant) : undefined;
    const node = graph.producer(value);
    return node && !node.domain ? rules[node.opType]?.(node, get, shape) : undefined;
  };
  return { get };
}

type Rule = (
  node: Node,
  get: (value: string | undefined) => Dim[] | undefined,
  shape: (value: string) => readonly Dim[] | undefined,
) => Dim[] | undefined;

const same: Rule = (node, get) => get(node.input[0]);
const rules: Record<string, Rule> = {
  Shape(node, _, shape) {
    const dims = shape(node.input[0]);
    return dims && [...dims].slice(intOf(node, 'start', 0), intOf(node, 'end', dims.length));
  },
  Gather(node, get) {
    const [data, at] = [get(node.input[0]), get(node.input[1])];
    if (!data || !at) return undefined;
    return at.map(
      (index) => data[(index as number) < 0 ? data.length + (index as number) : (index as number)],
    );
  },
  Slice(node, get) {
    const data = get(node.input[0]);
    const start = intsOf(node, 'starts') ?? get(node.input[1]);
    const end = intsOf(node, 'ends') ?? get(node.input[2]);
    return data && start && end ? data.slice(start[0] as number, end[0] as number) : undefined;
  },
  Concat(node, get) {
    const parts = node.input.map(get);
    return parts.every((part) => part) ? parts.flatMap((part) => part!) : undefined;
  },
  Unsqueeze: same,
  Squeeze: same,
  Cast: same,
  Identity: same,
};
