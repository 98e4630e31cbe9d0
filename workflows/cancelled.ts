import { CancellationScope, CancelledFailure, isCancellation, patched } from '@temporalio/workflow';

/**
 * Returns the failure with which work ends that is being cancelled: the cancellation, even if what it was at failed for
 * another reason meanwhile, such as a store that was away. Undefined if the failure has nothing to do with a cancellation
 * of the current scope.
 */
export function cancellationOf(error: unknown): Error | undefined {
  if (!CancellationScope.current().consideredCancelled) return undefined;
  if (error instanceof Error && isCancellation(error)) return error;
  // Runs of before this line ended as failed, and replay so.
  return patched('cancelled-whatever-failed') ? new CancelledFailure('cancelled') : undefined;
}
