import type { Loss, LossContext } from './rule';
import { squaredDifference } from './squared-difference';
import { targetOf } from './target';

/** The mean of (score - target)² over all scores whose label is known, as in torch.nn.functional.mse_loss. */
export function meanSquaredError(context: LossContext): Loss {
  const { value, ...counted } = targetOf(context);
  return squaredDifference(context.builder, context.scores.value, value, counted);
}
