import type { Loss, LossContext } from './rule';
import { squaredDifference } from './squared-difference';
import { targetOf } from './target';

/** The mean of (score - target)² over all scores whose label is known, as torch.nn.functional.mse_loss has it. */
export function meanSquaredError(context: LossContext): Loss {
  const { value, ...counted } = targetOf(context);
  return squaredDifference(context.builder, context.scores.value, value, counted);
}
