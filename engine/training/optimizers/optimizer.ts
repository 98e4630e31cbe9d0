import { floats } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { adamw } from './adamw';
import { sgd } from './sgd';
import { type Layout, rowLength } from '../parameters/parameters';
import type { OptimizerName, OptimizerSettings } from '../settings';
import type { Optimizer, OptimizerContext } from './rule';

/** Optimizers, one row each. Element-wise over flat vectors, so that a step takes few passes over memory. */
export const optimizers: Readonly<Record<OptimizerName, Optimizer>> = { sgd, adamw };

/** Computes the factor that limits the gradients' global norm to `limit`, as in torch.nn.utils.clip_grad_norm_. */
export function clippingOf(builder: Builder, gradients: string, limit: number): string {
  const norm = builder.op('ReduceL2', [gradients], { keepdims: 0 });
  const raised = builder.op('Add', [norm, builder.scalar(1e-6)]);
  return builder.op('Min', [builder.op('Div', [builder.scalar(limit), raised]), builder.scalar(1)]);
}

/**
 * Applies weight decay to the parameters. If only weights decay, the factor is one number per row of `rowLength`
 * parameters: weights come first and fill whole rows (`Layout`), so that neither a mask as large as the model nor a
 * pass over memory to separate the two is needed.
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
