import { visibleLines } from './visible';

/** Kind of error, for programs to act on. None of these succeeds when retried. */
export type EngineErrorCode =
  'InvalidModel' | 'UnsupportedModel' | 'InvalidData' | 'InvalidSettings' | 'Diverged' | 'Cancelled';

/** An error of the user's input or of the numbers; its message names the file, node or field and the fix. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    // Names of nodes and files in it are anybody's, and the message goes to terminals and web pages.
    super(visibleLines(message), options);
  }
}
