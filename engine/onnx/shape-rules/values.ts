import { numbersOf, sizeOf } from '../../tensor/tensor';
import { intOf, intsOf, tensorOf } from '../node-attributes';
import { type Dim, over, plus, product, type Shape, times } from '../dims';
import type { Graph, Node } from '../graph';
import { typeOf } from '../tensor-proto';
import { sliceIndices } from './slice';
import type { Values } from './rule';
import { table } from '../../table';

/** Most elements of a tensor whose contents are tracked. */
const most = 256;

interface Known {
  readonly data: Dim[];
  readonly integer: boolean;
}

type Get = (value: string | undefined) => Known | undefined;
type ShapeOf = (value: string | undefined) => Shape | undefined;
type Rule = (node: Node, get: Get, shape: ShapeOf) => (Known | undefined)[] | undefined;

/**
 * Tracks the arithmetic by which exporters compute shapes (Shape → Gather → Unsqueeze → Concat → Reshape), so that
 * `x.view(x.size(0), -1)` keeps its batch. Anything else is unknown.
 */
export class KnownValues implements Values {
  private readonly known = new Map<string, Known | undefined>();

  constructor(
    private readonly graph: Graph,
    private readonly shape: ShapeOf,
  ) {}

  get(value: string | undefined): Dim[] | undefined {
    return this.find(value)?.data;
  }

  isInteger(value: string | undefined): boolean {
    return this.find(value)?.integer ?? false;
  }

  /** Computes the outputs of `node`; its inputs and the shapes of its outputs must be known already. */
  learn(node: Node): void {
    if (node.domain) return;
    const results = rules[node.opType]?.(node, (value) => this.find(value), this.shape);
    results?.forEach((result, at) => {
      const dims = this.shape(node.output[at]);
      // A vector that does not fill its tensor was broadcast in a way that is not tracked.
      if (!result || product(dims ?? [undefined]) !== result.data.length || result.data.length > most) return;
      this.known.set(node.output[at], { ...result, data: result.data.map(sound) });
    });
  }

  private find(value: string | undefined): Known | undefined {
    if (!value) return undefined;
    if (!this.known.has(value)) {
      const dims = this.graph.constantDims(value);
      const constant = dims && sizeOf(dims) <= most ? this.graph.constant(value) : undefined;
      this.known.set(value, constant && { data: numbersOf(constant), integer: isInteger(constant.type) });
    }
    return this.known.get(value);
  }
}

const isInteger = (type: string): boolean => type.includes('int');

/** Drops results that 64-bit integer arithmetic would not have given. */
const sound = (dim: Dim): Dim => (typeof dim === 'number' && !Number.isFinite(dim) ? undefined : dim);

const same: Rule = (node, get) => [get(node.input[0])];
const integers = (data: Dim[] | undefined): [Known | undefined] => [data && { data, integer: true }];

/** Makes a rule for an element-wise operator on numbers; symbols go through `symbolic` if given. */
function pointwise(
  calculate: (x: number, y: number, integer: boolean) => number,
  symbolic: (x: Dim, y: Dim) => Dim = () => undefined,
): Rule {
  return (node, get) => {
    const operands = node.input.map(get);
    if (operands.length < 1 || operands.some((operand) => !operand)) return undefined;
    return [operands.map((operand) => operand!).reduce((a, b) => zip(a, b, calculate, symbolic))];
  };
}

function zip(
  a: Known,
  b: Known,
  calculate: (x: number, y: number, integer: boolean) => number,
  symbolic: (x: Dim, y: Dim) => Dim,
): Known {
  const [n, m] = [a.data.length, b.data.length];
  const integer = a.integer && b.integer;
  const size = n === 1 ? m : n;
  if (m !== size && m !== 1) return { data: [], integer };
  const data = Array.from({ length: size }, (_, at) => {
    const [x, y] = [a.data[n === 1 ? 0 : at], b.data[m === 1 ? 0 : at]];
    if (typeof x !== 'number' || typeof y !== 'number') return integer ? symbolic(x, y) : undefined;
    const result = calculate(x, y, integer);
    return integer ? (Number.isSafeInteger(result) ? result : undefined) : Math.fround(result);
  });
  return { data, integer };
}

const unary =
  (calculate: (x: number) => number): Rule =>
  (node, get) => {
    const known = get(node.input[0]);
    return [
      known && { ...known, data: known.data.map((x) => (typeof x === 'number' ? calculate(x) : undefined)) },
    ];
  };

/** Makes a comparison, which gives 0 or 1; a symbol is a size, so never negative. */
const compare = (holds: (x: number, y: number) => boolean): Rule =>
  pointwise(
    (x, y) => Number(holds(x, y)),
    (x, y) => {
      if (x !== undefined && x === y) return Number(holds(0, 0));
      if (typeof x === 'string' && typeof y === 'number' && y < 0) return Number(holds(0, y));
      if (typeof y === 'string' && typeof x === 'number' && x < 0) return Number(holds(x, 0));
      return undefined;
    },
  );

const reduce =
  (combine: (all: Dim, dim: Dim) => Dim): Rule =>
  (node, get, shape) => {
    const known = get(node.input[0]);
    const all = known?.integer && product(shape(node.output[0]) ?? [undefined]) === 1;
    return all && known.data.length ? integers([known.data.reduce(combine)]) : undefined;
  };

const bounded = (pick: (x: number, y: number) => number) => (x: Dim, y: Dim) =>
  typeof x === 'number' && typeof y === 'number' ? pick(x, y) : x === y ? x : undefined;

/** One row per operator. */
const rules = table<Rule>({
  Shape(node, _, shape) {
    const dims = shape(node.input[0]);
    return integers(dims?.slice(intOf(node, 'start', 0), intOf(node, 'end', dims.length)));
  },
  Constant(node, _, shape) {
    const size = product(shape(node.output[0]) ?? [undefined]);
    const [attribute] = node.attribute;
    if (!attribute) return undefined;
    const { name, i, ints } = attribute;
    if (name === 'value_int') return integers([Number(i)]);
    if (name === 'value_ints') return integers(ints.map(Number));
    const tensor = typeof size === 'number' && size <= most ? tensorOf(node, 'value') : undefined;
    return [tensor && { data: numbersOf(tensor), integer: isInteger(tensor.type) }];
  },
  Size(node, _, shape) {
    const dims = shape(node.input[0]);
    return integers(dims && [product(dims)]);
  },
  Gather(node, get, shape) {
    const [data, at] = [get(node.input[0]), get(node.input[1])];
    if (!data || !at || shape(node.input[0])?.length !== 1) return undefined;
    const size = data.data.length;
    return [
      {
        ...data,
        data: at.data.map((index) => data.data[Number(index) < 0 ? size + Number(index) : Number(index)]),
      },
    ];
  },
  Slice(node, get, shape) {
    const known = get(node.input[0]);
    const dims = shape(node.input[0]);
    const given = (at: number, name: string, otherwise: number) =>
      intsOf(node, name) ?? (node.input[at] ? get(node.input[at])?.data : [otherwise]);
    const [starts, ends] = [given(1, 'starts', 0), given(2, 'ends', 0)];
    const [axis, step] = [given(3, 'axes', 0), given(4, 'steps', 1)?.[0]];
    // Only along the first axis, which is all that exporters need; rows stay together.
    if (!known || !dims || axis?.length !== 1 || ![0, -dims.length].includes(axis[0] as number))
      return undefined;
    const [start, end] = [starts?.[0], ends?.[0]];
    if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number' || !step)
      return undefined;
    if (typeof dims[0] !== 'number' || !dims[0]) return undefined;
    const row = known.data.length / dims[0];
    const data = sliceIndices(dims[0], start, end, step).flatMap((at) =>
      known.data.slice(at * row, (at + 1) * row),
    );
    return [{ ...known, data }];
  },
  Split(node, get, shape) {
    const known = get(node.input[0]);
    if (!known || shape(node.input[0])?.length !== 1) return undefined;
    let from = 0;
    return node.output.map((value) => {
      const size = shape(value)?.[0];
      if (typeof size !== 'number') return undefined;
      return { ...known, data: known.data.slice(from, (from += size)) };
    });
  },
  ConstantOfShape(node, get) {
    const dims = get(node.input[0])?.data;
    if (!dims?.every((dim) => typeof dim === 'number') || sizeOf(dims) > most) return undefined;
    const fill = tensorOf(node, 'value');
    const value = fill ? numbersOf(fill)[0] : 0;
    return [{ data: Array<Dim>(sizeOf(dims)).fill(value), integer: isInteger(fill?.type ?? 'float32') }];
  },
  Expand(node, get, shape) {
    const [known, size] = [get(node.input[0]), product(shape(node.output[0]) ?? [undefined])];
    if (known?.data.length !== 1 || typeof size !== 'number' || size > most) return undefined;
    return [{ ...known, data: Array<Dim>(size).fill(known.data[0]) }];
  },
  Range(node, get, shape) {
    const [start, , step] = node.input.map((value) => get(value));
    const [size] = shape(node.output[0]) ?? [];
    if (typeof size !== 'number' || size > most || !start?.integer || !step) return undefined;
    const [from, by] = [start.data[0], step.data[0]];
    if (typeof from !== 'number' || typeof by !== 'number') return undefined;
    return integers(Array.from({ length: size }, (_, at) => from + at * by));
  },
  Transpose(node, get, shape) {
    const [known, dims] = [get(node.input[0]), shape(node.input[0])];
    if (!known || !dims || dims.length < 2) return [known];
    const [rows, columns] = dims;
    const swaps = dims.length === 2 && (intsOf(node, 'perm') ?? [1, 0])[0] === 1;
    if (!swaps || typeof rows !== 'number' || typeof columns !== 'number') return undefined;
    const data = known.data.map((_, at) => known.data[(at % rows) * columns + Math.floor(at / rows)]);
    return [{ ...known, data }];
  },
  Concat(node, get, shape) {
    const parts = node.input.map(get);
    // Along the first axis rows stay together; along another they do not.
    const rank = shape(node.input[0])?.length ?? 0;
    const axis = intOf(node, 'axis', 0);
    if (parts.some((part) => !part) || !(axis === 0 || axis === -rank)) return undefined;
    return [{ data: parts.flatMap((part) => part!.data), integer: parts.every((part) => part!.integer) }];
  },
  Cast(node, get) {
    const known = get(node.input[0]);
    const integer = isInteger(typeOf(intOf(node, 'to', 0)) ?? '');
    if (!known) return undefined;
    // A symbol stands for an integer: fractional arithmetic on it is not tracked.
    const data = known.data.map((dim) =>
      typeof dim === 'number' ? (integer ? Math.trunc(dim) : dim) : integer ? dim : undefined,
    );
    return [{ data, integer }];
  },
  Clip(node, get) {
    const known = get(node.input[0]);
    const bound = (at: number, none: number) => (node.input[at] ? get(node.input[at])?.data[0] : none);
    const [low, high] = [bound(1, -Infinity), bound(2, Infinity)];
    if (!known || typeof low !== 'number' || typeof high !== 'number') return undefined;
    const clipped = (dim: Dim) => (typeof dim === 'number' ? Math.min(Math.max(dim, low), high) : undefined);
    return [{ ...known, data: known.data.map(clipped) }];
  },
  Where(node, get) {
    const [condition, yes, no] = node.input.map(get);
    if (!condition || !yes || !no) return undefined;
    const size = Math.max(condition.data.length, yes.data.length, no.data.length);
    if ([condition, yes, no].some(({ data }) => data.length !== size && data.length !== 1)) return undefined;
    const pick = ({ data }: Known, at: number) => data[data.length === 1 ? 0 : at];
    const data = Array.from({ length: size }, (_, at) => {
      const holds = pick(condition, at);
      return typeof holds === 'number' ? pick(holds ? yes : no, at) : undefined;
    });
    return [{ data, integer: yes.integer && no.integer }];
  },
  ...Object.fromEntries('Unsqueeze Squeeze Reshape Flatten Identity'.split(' ').map((op) => [op, same])),
  Add: pointwise((x, y) => x + y, plus),
  Sub: pointwise(
    (x, y) => x - y,
    (x, y) => (y === 0 ? x : x === y && x !== undefined ? 0 : undefined),
  ),
  Mul: pointwise(
    (x, y) => x * y,
    (x, y) => (isSize(x) && isSize(y) ? times(x, y) : undefined),
  ),
  Div: pointwise(
    (x, y, integer) => (integer ? Math.trunc(x / y) : x / y),
    (x, y) => (isSize(x) && isSize(y) ? over(x, y) : undefined),
  ),
  Mod: pointwise((x, y) => (y ? x - y * Math.floor(x / y) : NaN)),
  Min: pointwise((x, y) => Math.min(x, y), bounded(Math.min)),
  Max: pointwise((x, y) => Math.max(x, y), bounded(Math.max)),
  Equal: compare((x, y) => x === y),
  Greater: compare((x, y) => x > y),
  GreaterOrEqual: compare((x, y) => x >= y),
  Less: compare((x, y) => x < y),
  LessOrEqual: compare((x, y) => x <= y),
  Not: unary((x) => Number(!x)),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))),
  ReduceProd: reduce(times),
  ReduceSum: reduce(plus),
  ReduceMax: reduce(bounded(Math.max)),
  ReduceMin: reduce(bounded(Math.min)),
});

/** Tells if a dimension is a size; products and quotients of symbols are meaningful only among sizes. */
function isSize(dim: Dim): boolean {
  return typeof dim === 'string' || (typeof dim === 'number' && dim >= 0);
}
