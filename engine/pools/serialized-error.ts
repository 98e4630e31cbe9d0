import { EngineError, type EngineErrorCode } from '../errors';

/** An error on its way from a thread or process, in which errors lose their fields. */
export interface Failed {
  readonly code?: EngineErrorCode;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Serializes an error. */
export function toFailed(error: unknown): Failed {
  const { name, message, stack } = error as Error;
  return { code: error instanceof EngineError ? error.code : undefined, name, message, stack };
}

/** Restores the error: an EngineError as such, any other by its name. */
export function fromFailed({ code, name, message, stack }: Failed): Error {
  const error: Error = code ? new EngineError(code, message) : Object.assign(new Error(message), { name });
  error.stack = stack;
  return error;
}
