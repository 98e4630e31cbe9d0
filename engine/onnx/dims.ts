/** A dimension: a number, a symbol such as `batch`, or undefined if unknown. */
export type Dim = number | string | undefined;

/** A shape, its dimensions numbers, symbols (`batch`, `8*batch`) or undefined. */
export type Shape = readonly Dim[];

/** An axis, or an index, counted from the end as one counted from the start; one that is not there stays not there. */
export const fromStart = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/*
 * Arithmetic on dimensions. A dimension may be a number, a symbol, or a product of both, written like `8*batch`;
 * anything else is undefined.
 */

interface Monomial {
  readonly factor: number;
  readonly symbols: readonly string[];
}

/** Splits a dimension into a factor and symbols; undefined if it is unknown, or an expression of the exporter's. */
function parse(dim: Dim): Monomial | undefined {
  if (typeof dim === 'number') return { factor: dim, symbols: [] };
  if (!dim) return undefined;
  if (!dim.includes('*')) return { factor: 1, symbols: [dim] };
  const [first, ...rest] = dim.split('*');
  const symbols = /^\d+$/.test(first) ? rest : [first, ...rest];
  if (!symbols.every((symbol) => /^[A-Za-z_][\w.:]*$/.test(symbol))) return undefined;
  return { factor: symbols === rest ? Number(first) : 1, symbols };
}

function format({ factor, symbols }: Monomial): Dim {
  if (!Number.isSafeInteger(factor)) return undefined;
  if (!symbols.length || factor === 0) return factor;
  const names = [...symbols].sort().join('*');
  return factor === 1 ? names : `${factor}*${names}`;
}

/** Multiplies two dimensions; undefined if either is unknown. */
export function times(a: Dim, b: Dim): Dim {
  if (a === 1) return b;
  if (b === 1) return a;
  const [x, y] = [parse(a), parse(b)];
  return x && y && format({ factor: x.factor * y.factor, symbols: [...x.symbols, ...y.symbols] });
}

/** Divides exactly; undefined if the quotient is not a dimension. */
export function over(a: Dim, b: Dim): Dim {
  if (b === 1) return a;
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y || !y.factor || x.factor % y.factor) return undefined;
  const symbols = [...x.symbols];
  for (const symbol of y.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return format({ factor: x.factor / y.factor, symbols });
}

/** Adds two dimensions; undefined if the sum cannot be written as one. */
export function plus(a: Dim, b: Dim): Dim {
  if (a === 0) return b;
  if (b === 0) return a;
  return typeof a === 'number' && typeof b === 'number' ? a + b : undefined;
}

/** Multiplies dimensions to a size. */
export const product = (dims: readonly Dim[]): Dim => dims.reduce<Dim>((all, dim) => times(all, dim), 1);

/** Merges two claims about one dimension: the number, if one is known; undefined for two different symbols. */
export const agreed = (a: Dim, b: Dim): Dim =>
  a === b ? a : typeof a === 'number' ? a : typeof b === 'number' ? b : undefined;

/** Evaluates a dimension with each of `symbols` set to 1; undefined if it has another symbol, or is unknown. */
export function atOne(dim: Dim, symbols: ReadonlySet<Dim>): number | undefined {
  const parsed = parse(dim);
  return parsed?.symbols.every((symbol) => symbols.has(symbol)) ? parsed.factor : undefined;
}

/**
 * Broadcasts shapes as NumPy does. Two different symbols, or an unknown next to a symbol, give an unknown dimension;
 * two different numbers of which none is 1, or a missing shape, give no shape at all.
 */
export function broadcast(shapes: readonly (readonly Dim[] | undefined)[]): Dim[] | undefined {
  const known = shapes.filter((shape) => shape !== undefined);
  if (known.length < shapes.length || !known.length) return undefined;
  const out: Dim[] = [];
  const rank = Math.max(...known.map((shape) => shape.length));
  for (let axis = 0; axis < rank; axis++) {
    const dims = known.flatMap((shape) => {
      const at = axis - rank + shape.length;
      return at >= 0 && shape[at] !== 1 ? [shape[at]] : [];
    });
    const numbers = new Set(dims.filter((dim) => typeof dim === 'number'));
    if (numbers.size > 1) return undefined;
    out.push(dims.length ? dims.reduce(agreed) : 1);
    // Reducing two symbols and a number from the left would lose the number.
    if (numbers.size) out[axis] = [...numbers][0];
  }
  return out;
}
