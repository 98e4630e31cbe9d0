import { floats } from '../../tensor/tensor';
import type { LossContext } from './rule';

/** Values that scores should have, and which of them count. */
export interface Target {
  /** Floats of the scores' shape. */
  readonly value: string;
  /** 1 if the label is known, else 0; undefined if all are. */
  readonly known?: string;
  /** Number of known labels, at least 1. */
  readonly count: string;
}

/**
 * Converts labels to floats of the scores' shape: as they are if there is one per score, else 1 for the class and 0
 * elsewhere.
 */
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
