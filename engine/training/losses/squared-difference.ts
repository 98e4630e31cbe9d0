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
