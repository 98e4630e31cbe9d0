import { numbersOf, sizeOf } from '../tensor/tensor';
import { intOf, intsOf, tensorOf } from './attributes';
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
    return node && !node.domain
      ? (rules[node.opType]?.(node, get, shape) ?? computed(graph, node, get))
      : undefined;
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
  Gather(node, get, shape) {
    const [data, at] = [get(node.input[0]), get(node.input[1])];
    if (!data || !at || (shape(node.input[0])?.length ?? 1) > 1) return undefined;
    return at.map(
      (index) => data[(index as number) < 0 ? data.length + (index as number) : (index as number)],
    );
  },
  Slice(node, get, shape) {
    const data = get(node.input[0]);
    const dims = shape(node.input[0]) ?? [data?.length];
    const given = (at: number, name: string, otherwise: number) =>
      intsOf(node, name) ?? (node.input[at] ? get(node.input[at]) : [otherwise]);
    const [start, end] = [given(1, 'starts', 0)?.[0], given(2, 'ends', 0)?.[0]];
    const [axis, step] = [given(3, 'axes', 0), given(4, 'steps', 1)?.[0]];
    // Along the first axis alone, which is all that exporters need; rows stay together.
    if (!data || !axis || axis.length !== 1 || ![0, -dims.length].includes(axis[0] as number))
      return undefined;
    if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number') return undefined;
    if (typeof dims[0] !== 'number' || !dims[0]) return undefined;
    const row = data.length / dims[0];
    return sliceIndices(dims[0], start, end, step).flatMap((at) => data.slice(at * row, (at + 1) * row));
  },
  ConstantOfShape(node, get) {
    const dims = get(node.input[0]);
    if (!dims?.every((dim) => typeof dim === 'number') || sizeOf(dims) > 64) return undefined;
    const [value] = numbersOf(
      tensorOf(node, 'value') ?? { type: 'float32', dims: [1], data: new Float32Array(1) },
    );
    return Array<Dim>(sizeOf(dims)).fill(value);
  },
  Transpose(node, get, shape) {
    const [data, dims] = [get(node.input[0]), shape(node.input[0])];
    if (!data || !dims || dims.length < 2) return data;
    const [rows, columns] = dims;
    const swaps = dims.length === 2 && (intsOf(node, 'perm') ?? [1, 0])[0] === 1;
    if (!swaps || typeof rows !== 'number' || typeof columns !== 'number') return undefined;
    return data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)]);
  },
  Concat(node, get) {
    const parts = node.input.map(get);
    return parts.every((part) => part) ? parts.flatMap((part) => part!) : undefined;
  },
  Unsqueeze: same,
  Squeeze: same,
  Cast: same,
  Reshape: same,
  Identity: same,
};

const calculations: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
};

/** Arithmetic on integers, told by a constant operand's type: `x.chunk(2, 1)` computes where it cuts. */
function computed(
  graph: Graph,
  node: Node,
  get: (value: string | undefined) => Dim[] | undefined,
): Dim[] | undefined {
  const calculate = calculations[node.opType];
  if (!calculate || !node.input.some((value) => graph.constant(value)?.type.startsWith('int')))
    return undefined;
  const [a, b] = node.input.map(get);
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => {
    const [x, y] = [a[a.length === 1 ? 0 : at], b[b.length === 1 ? 0 : at]];
    return typeof x === 'number' && typeof y === 'number' ? calculate(x, y) : undefined;
  });
}

/** The indices that a slice of an axis of `size` takes, by ONNX's rules. */
export function sliceIndices(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const [from, to] =
    step > 0
      ? [clamp(start, 0, size), clamp(end, 0, size)]
      : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}
