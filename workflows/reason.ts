/** The innermost message of a failure: what went wrong, without Temporal's wrapping. */
export function reasonOf(error: unknown): string {
  let inner = error as Error;
  while (inner.cause instanceof Error) inner = inner.cause;
  return inner.message;
}
