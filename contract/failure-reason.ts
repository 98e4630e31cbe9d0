/** Reasons go into the result, which has to fit into one message; characters. */
const most = 500;

/** The innermost message of a failure: what went wrong, without Temporal's wrapping. */
export function reasonOf(error: unknown): string {
  let inner = error as Error;
  while (inner.cause instanceof Error) inner = inner.cause;
  const { message } = inner;
  return message.length > most ? `${message.slice(0, most - 1)}…` : message;
}
