import { floats } from '../../tensor/tensor';
import type { LossContext } from './loss';

/** Labels as floats of the scores' shape: as they are where there is one a score, else 1 for the class and 0 elsewhere. */
export function targetOf({ builder, scores, labels, floatLabels, form }: LossContext): string {
  if (form === 'score')
    return builder.reshape(floatLabels ? labels : builder.op('Cast', [labels], { to: 1 }), scores.dims);
  const [, classes, ...plane] = scores.dims;
  const offOn = builder.constant(floats([2], [0, 1]));
  const numbers = builder.reshape(labels, [-1, ...plane]);
  return builder.op('OneHot', [numbers, builder.ints([classes]), offOn], { axis: 1 });
}
