import type { Loss, LossContext } from './rule';
import { targetOf } from './target';

/**
 * Binary cross-entropy of logits, each score a separate yes or no, averaged over all scores whose label is known, as in
 * torch.nn.functional.binary_cross_entropy_with_logits: softplus(x) - x · t.
 */
export function binaryCrossEntropy(context: LossContext): Loss {
  const { builder, scores } = context;
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const x = scores.value;
  const { value: target, known, count } = targetOf(context);
  const counted = (value: string) => (known ? op('Mul', value, known) : value);
  const each = counted(op('Sub', op('Softplus', x), op('Mul', x, target)));
  const sum = builder.op('ReduceSum', [each], { keepdims: 0 });
  return {
    loss: op('Div', sum, count),
    gradient: op('Div', counted(op('Sub', op('Sigmoid', x), target)), count),
  };
}
