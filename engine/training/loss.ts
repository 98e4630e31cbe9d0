import { floats } from '../tensor/tensor';
import type { Builder } from './builder';

/**
 * Softmax cross-entropy with integer labels, averaged over the batch.
 * @param logits [N, classes].
 * @param labels [N], int64.
 * @returns the loss, a scalar, and its gradient by the logits.
 */
export function crossEntropy(builder: Builder, logits: string, labels: string, classes: number) {
  const logProbabilities = builder.op('LogSoftmax', [logits], { axis: 1 });
  const offOn = builder.constant(floats([2], [0, 1]));
  const target = builder.op('OneHot', [labels, builder.ints([classes]), offOn], { axis: 1 });
  const size = builder.op('Cast', [builder.op('Size', [labels])], { to: 1 });
  const picked = builder.reduceSum(builder.op('Mul', [logProbabilities, target]), [0, 1], false);
  const loss = builder.op('Neg', [builder.op('Div', [picked, size])]);
  const excess = builder.op('Sub', [builder.op('Exp', [logProbabilities]), target]);
  return { loss, gradient: builder.op('Div', [excess, size]) };
}
