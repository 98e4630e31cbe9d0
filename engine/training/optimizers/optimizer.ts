import { floats } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { adamw } from './adamw';
import { sgd } from './sgd';
import { type Layout, rowLength } from '../parameters/parameters';
import type { OptimizerName, OptimizerSettings } from '../settings';
import type { Optimizer, OptimizerContext } from './rule';

/** Optimizers, a row each. Elementwise over flat vectors, so that a step costs few passes over memory. */
export const optimizers: Readonly<Record<OptimizerName, Optimizer>> = { sgd, adamw };

/**
 * What gradients are multiplied with so that their global norm is at most `limit`, as
 * torch.nn.utils.clip_grad_norm_ has it.
 */
export function clippingOf(builder: Builder, gradients: string, limit: number): string {
  const norm = builder.op('ReduceL2', [gradients], { keepdims: 0 });
  const raised = builder.op('Add', [norm, builder.scalar(1e-6)]);
  return builder.op('Min', [builder.op('Div', [builder.scalar(limit), raised]), builder.scalar(1)]);
}

/**
 * Multiplies the parameters with what weight decay makes of them. Where only weights decay, the factor is one number a
 * row of `rowLength` parameters: weights come first and fill whole rows (`Layout`), so that no mask as large as the
 * model is needed, nor a pass over memory to part the two.
 */
export function decayedBy(
  builder: Builder,
  parameters: string,
  { size, weights }: Layout,
  { weightDecay, decay = 'weights' }: OptimizerSettings,
): OptimizerContext['decayed'] {
  if (!weightDecay || (decay === 'weights' && !weights)) return undefined;
  if (decay === 'all' || weights === size)
    return (rate) => builder.op('Mul', [parameters, rate(builder.scalar(weightDecay))]);
  const rows = size / rowLength;
  const decays = Float32Array.from({ length: rows }, (_, row) =>
    row * rowLength < weights ? weightDecay : 0,
  );
  return (rate) => {
    const factor = rate(builder.constant(floats([rows, 1], decays)));
    return builder.reshape(builder.op('Mul', [builder.reshape(parameters, [rows, rowLength]), factor]), [-1]);
  };
}
