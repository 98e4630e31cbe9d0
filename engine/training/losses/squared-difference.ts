import type { Builder } from '../step/builder';
import type { Loss } from './loss';

/** The mean of (a - b)² over all elements of two tensors of one shape, and its gradient by `a`. */
export function squaredDifference(builder: Builder, a: string, b: string): Loss {
  const apart = builder.op('Sub', [a, b]);
  const count = builder.op('Cast', [builder.op('Size', [a])], { to: 1 });
  const sum = builder.op('ReduceSumSquare', [apart], { keepdims: 0 });
  const slope = builder.op('Div', [builder.scalar(2), count]);
  return {
    loss: builder.op('Div', [sum, count]),
    gradient: builder.op('Mul', [apart, slope]),
  };
}
