import type { Loss, LossContext } from './loss';
import { squaredDifference } from './squared-difference';
import { targetOf } from './target';

/** The mean of (score - target)² over all scores, as torch.nn.functional.mse_loss has it. */
export const meanSquaredError = (context: LossContext): Loss =>
  squaredDifference(context.builder, context.scores.value, targetOf(context));
