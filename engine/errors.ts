/** What went wrong, in a word a program can act on. None of these ever succeeds when tried again. */
export type EngineErrorCode =
  'InvalidModel' | 'UnsupportedModel' | 'InvalidData' | 'InvalidSettings' | 'Diverged' | 'Cancelled';

/** An error of the user's input or of the numbers, with a message that names the file, node or field and the mend. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
