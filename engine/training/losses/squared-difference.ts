import type { Builder } from '../emit/builder';
import type { Loss } from './rule';

/**
 * Computes the mean of (a - b)² over the elements of two tensors of one shape, and its gradient by `a`.
 * @param counted those that count, 1 or 0 each, and their number; all of them by default
 */
export function squaredDifference(
  builder: Builder,
  a: string,
  b: string,
  counted: { readonly known?: string; readonly count?: string } = {},
): Loss {
  const all = builder.op('Sub', [a, b]);
  const apart = counted.known ? builder.op('Mul', [all, counted.known]) : all;
  const count = counted.count ?? builder.op('Cast', [builder.op('Size', [a])], { to: 1 });
  const sum = builder.op('ReduceSumSquare', [apart], { keepdims: 0 });
  const slope = builder.op('Div', [builder.scalar(2), count]);
  return {
    loss: builder.op('Div', [sum, count]),
    gradient: builder.op('Mul', [apart, slope]),
  };
}

/** Added to the sum of squares, for a value that is the same everywhere. */
const least = 1e-6;

/**
 * Computes Σ (a - b)² / Σ (b - mean b)², and its gradient by `a`: how far a tensor is from another one, whatever the
 * unit of both.
 */
export function relativeDifference(builder: Builder, a: string, b: string): Loss {
  const apart = builder.op('Sub', [a, b]);
  const spread = builder.op('Sub', [b, builder.op('ReduceMean', [b], { keepdims: 0 })]);
  const energy = builder.op('ReduceSumSquare', [spread], { keepdims: 0 });
  const unit = builder.op('Add', [energy, builder.scalar(least)]);
  const sum = builder.op('ReduceSumSquare', [apart], { keepdims: 0 });
  const slope = builder.op('Div', [builder.scalar(2), unit]);
  return { loss: builder.op('Div', [sum, unit]), gradient: builder.op('Mul', [apart, slope]) };
}
