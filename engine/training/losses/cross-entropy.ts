import { floats } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import type { Loss, LossContext } from './rule';
import { fromRows, toRows } from './score-rows';

/**
 * Softmax cross-entropy with integer labels, averaged over them, as in torch.nn.functional.cross_entropy.
 * @param logits [N, classes]
 * @param labels [N], int64
 * @param smoothing share of a label's weight spread evenly over all classes
 * @param ignored a label whose rows are ignored; if all are, the loss is 0
 * @returns the loss, a scalar, and its gradient by the logits
 */
export function crossEntropy(
  builder: Builder,
  logits: string,
  labels: string,
  classes: number,
  { smoothing = 0, ignored }: { smoothing?: number; ignored?: number } = {},
): Loss {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const logProbabilities = builder.op('LogSoftmax', [logits], { axis: 1 });
  const share = smoothing / classes;
  const offOn = builder.constant(floats([2], [share, 1 - smoothing + share]));
  const target = builder.op('OneHot', [labels, builder.ints([classes]), offOn], { axis: 1 });
  const excess = op('Sub', op('Exp', logProbabilities), target);
  const products = op('Mul', logProbabilities, target);
  const averaged = (counted: string, size: string, product: string): Loss => {
    const sum = builder.reduceSum(product, [0, 1], false);
    return { loss: op('Neg', op('Div', sum, size)), gradient: op('Div', counted, size) };
  };
  if (ignored === undefined) {
    const size = builder.op('Cast', [op('Size', labels)], { to: 1 });
    return averaged(excess, size, products);
  }
  const same = op('Equal', labels, builder.ints([ignored]));
  const counts = builder.reshape(builder.op('Cast', [op('Not', same)], { to: 1 }), [-1, 1]);
  const size = op('Max', builder.reduceSum(counts, [0, 1], false), builder.scalar(1));
  return averaged(op('Mul', excess, counts), size, op('Mul', products, counts));
}

/** Cross-entropy of [N, classes], or of each pixel of [N, classes, …]. */
export function crossEntropyOfClasses({ builder, scores, labels, settings }: LossContext): Loss {
  const { value, dims } = scores;
  const options = { smoothing: settings.labelSmoothing, ignored: settings.ignoreLabel };
  const flat = builder.reshape(labels, [-1]);
  const { loss, gradient } = crossEntropy(builder, toRows(builder, value, dims), flat, dims[1], options);
  return { loss, gradient: fromRows(builder, gradient, dims) };
}
