import { sizeOf } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import type { Shape } from '../emit/batch-shapes';
import type { Loss, Part } from './rule';
import { relativeDifference } from './squared-difference';

/** A head of a student with several. */
export interface ComparedHead {
  readonly value: string;
  /** [N, C, …]. */
  readonly dims: Shape;
  /** True if it holds logits of scores, each a separate yes or no. */
  readonly scores: boolean;
}

/** Added to sums that are divided by, for heads that are the same everywhere or find nothing in a batch. */
const least = 1e-6;

/**
 * Computes the loss of each head by the teacher's, all in a unit of their own, and averages them. Scores are compared as
 * probabilities, relative to how much the teacher finds. Other heads are compared where it finds something: what they
 * say elsewhere, most of the image, means nothing. Heads without scores of the same places are compared everywhere.
 */
export function headLosses(
  builder: Builder,
  heads: readonly ComparedHead[],
  teacher: (value: string) => string,
): Part[] {
  const found = new Map<string, string>();
  for (const { value, dims, scores } of heads)
    if (scores) found.set(placesOf(dims), foundIn(builder, teacher(value)));
  return heads.map(({ value, dims, scores }): Part => {
    const other = teacher(value);
    const weights = found.get(placesOf(dims));
    if (scores) return [value, levelled(builder, scoreDifference(builder, value, other))];
    const channels = dims[1];
    const apart =
      weights === undefined
        ? relativeDifference(builder, value, other)
        : differenceWhere(builder, value, other, { weights, channels });
    return [value, levelled(builder, apart)];
  });
}

/** Difference below which a head counts as learned. */
const learned = 1e-3;

/**
 * Makes a loss of a difference d: log(1 + d / 0.001). Halving a small difference then counts as much as halving a large
 * one, so that no head waits for another that is further off, whatever their units.
 */
export function levelled(builder: Builder, { loss, gradient }: Loss): Loss {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const all = op('Add', loss, builder.scalar(learned));
  return {
    loss: op('Log', op('Div', all, builder.scalar(learned))),
    gradient: op('Div', gradient, all),
  };
}

/** The places of a head, [N, …] without its channels; those of a plane of one cell are not told apart from others. */
const placesOf = ([samples, , ...plane]: Shape): string =>
  `${samples} ${sizeOf(plane) > 1 ? plane.join() : 'none'}`;

/** Sums a teacher's probabilities in each place, [N, 1, …]: how much it finds there. */
const foundIn = (builder: Builder, logits: string): string =>
  builder.reduceSum(builder.op('Sigmoid', [logits]), [1], true);

/** Σ KL(teacher || student) of all scores, over the sum of the teacher's probabilities. */
function scoreDifference(builder: Builder, student: string, teacher: string): Loss {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const wanted = op('Sigmoid', teacher);
  const unit = op('Add', builder.op('ReduceSum', [wanted], { keepdims: 0 }), builder.scalar(least));
  const apart = op('Sub', op('Softplus', student), op('Softplus', teacher));
  const each = op('Sub', apart, op('Mul', wanted, op('Sub', student, teacher)));
  return {
    loss: op('Div', builder.op('ReduceSum', [each], { keepdims: 0 }), unit),
    gradient: op('Div', op('Sub', op('Sigmoid', student), wanted), unit),
  };
}

/** `relativeDifference` with a weight for each place, [N, 1, …]. */
function differenceWhere(
  builder: Builder,
  a: string,
  b: string,
  { weights, channels }: { readonly weights: string; readonly channels: number },
): Loss {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const total = (value: string) => builder.op('ReduceSum', [value], { keepdims: 0 });
  const count = op('Add', op('Mul', total(weights), builder.scalar(channels)), builder.scalar(least));
  const mean = op('Div', total(op('Mul', b, weights)), count);
  const spread = op('Sub', b, mean);
  const unit = op('Add', total(op('Mul', op('Mul', spread, spread), weights)), builder.scalar(least));
  const apart = op('Sub', a, b);
  const weighted = op('Mul', apart, weights);
  return {
    loss: op('Div', total(op('Mul', weighted, apart)), unit),
    gradient: op('Div', op('Mul', weighted, builder.scalar(2)), unit),
  };
}
