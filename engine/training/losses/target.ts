import { floats } from '../../tensor/tensor';
import type { LossContext } from './rule';

/** What scores should be, and which of it counts. */
export interface Target {
  /** Floats of the scores' shape. */
  readonly value: string;
  /** 1 where the label is known, 0 elsewhere; undefined where all are. */
  readonly known?: string;
  /** How many are known, 1 at least. */
  readonly count: string;
}

/** Labels as floats of the scores' shape: as they are where there is one a score, else 1 for the class and 0 elsewhere. */
export function targetOf({ builder, scores, labels, labelling, form }: LossContext): Target {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const float = (value: string) => builder.op('Cast', [value], { to: 1 });
  const size = () => float(op('Size', scores.value));
  if (form === 'class') {
    const [, classes, ...plane] = scores.dims;
    const offOn = builder.constant(floats([2], [0, 1]));
    const numbers = builder.reshape(labels, [-1, ...plane]);
    return {
      value: builder.op('OneHot', [numbers, builder.ints([classes]), offOn], { axis: 1 }),
      count: size(),
    };
  }
  const value = builder.reshape(labelling.floatLabels ? labels : float(labels), scores.dims);
  if (!labelling.unknownLabels) return { value, count: size() };
  const isUnknown = op('IsNaN', value);
  const known = float(op('Not', isUnknown));
  const sum = builder.op('ReduceSum', [known], { keepdims: 0 });
  return {
    value: op('Where', isUnknown, builder.scalar(0), value),
    known,
    count: op('Max', sum, builder.scalar(1)),
  };
}
